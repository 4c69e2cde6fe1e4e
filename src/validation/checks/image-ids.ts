import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { FRAME_LIMIT, readGroupIndex, readTrainIndex, rowsAt } from '../../exdf/index-rows.js'
import { digitsOf, readExact, rowsOf } from '../../hdf5/index.js'
import { PULSE_LIMIT } from '../../model/ids.js'
import { meaninglessNumbers } from '../../sources/run/meaningless-numbers.js'
import { framesWithIds } from '../../sources/run/parallel-gain.js'
import type { FileCheck, FileContext, Finding, ModuleInFile } from './check.js'

const NONE = { first: 0, count: 0 }

export const imageIds: FileCheck = {
  name: 'image_ids',
  describe: 'ids of frames: other trains than the index says, pulses not increasing, impossible cells',
  scope: 'file',
  *run(context) {
    for (const module of context.modules) yield* faultsOfModule(context, module)
  },
}

function* faultsOfModule(
  { exdf }: FileContext,
  { source, module, detector, corrected }: ModuleInFile,
): Iterable<Finding> {
  const index = readGroupIndex(exdf, source, 'image')
  if (!index) return
  const { rows } = readTrainIndex(exdf)
  const column = (name: string) => {
    const path = instrumentPath(source, `image/${name}`)
    const dataset = exdf.file.dataset(path)
    const stored = dataset && readExact(dataset, Math.min(rowsOf(dataset), FRAME_LIMIT))
    return { path, stored, values: stored?.numbers }
  }
  const trains = column('trainId')
  const pulses = column('pulseId')
  const cells = column('cellId')
  for (const { path, values } of [trains, pulses, cells])
    if (!values) yield { message: 'this dataset is missing', dataset: path, module }

  const pulsesIn = (first: number, count: number): number =>
    corrected || !pulses.values ? count : framesWithIds(detector, pulses.values, { first, count })

  /** The first train in which a frame is wrong; rows beyond the data concern the index checks. */
  const firstWrong = (
    values: Float64Array | undefined,
    wrong: (value: number, row: number, first: number, id: number) => boolean,
  ) =>
    rows.find(({ row, trainId }) => {
      const { first, count } = rowsAt(index, row) ?? NONE
      const valid = values === trains.values ? count : pulsesIn(first, count)
      const end = Math.min(first + valid, values?.length ?? 0)
      for (let i = first; i < end; i++) if (wrong(values?.[i] ?? 0, i, first, trainId)) return true
      return false
    })?.trainId

  const rowsIn = (group: string) => {
    const rowsOfGroup = readGroupIndex(exdf, source, group)
    return rows.map(({ row, trainId }) => ({
      trainId,
      ...((rowsOfGroup && rowsAt(rowsOfGroup, row)) ?? NONE),
    }))
  }
  for (const found of meaninglessNumbers(exdf.file, source, rowsIn)) yield { ...found, module }

  const seen = new Set<number>()
  const say = (message: string, dataset: string, train: number | undefined): Finding[] =>
    train === undefined ? [] : [{ message, dataset, module, train }]
  for (const column of [trains, pulses, cells]) {
    const { stored, values, path } = column
    const odd: string[] = []
    const train = firstWrong(values, (value, row) => {
      if (Number.isSafeInteger(value) && value >= 0) return false
      odd.push(stored ? `frame ${row} has ${digitsOf(stored, row)}` : '')
      return true
    })
    yield* say(`impossible numbers, the first: ${odd[0]}`, path, train)
  }
  const foreign = firstWrong(trains.values, (value, _, __, id) => value !== id)
  yield* say('frames carry another train id', trains.path, foreign)
  yield* say(
    'pulse ids are not strictly increasing',
    pulses.path,
    firstWrong(pulses.values, (value, row, first) => row > first && value <= (pulses.values?.[row - 1] ?? 0)),
  )
  const twice = firstWrong(cells.values, (value, row, first) => {
    if (row === first) seen.clear()
    const again = seen.has(value)
    seen.add(value)
    return again
  })
  // It would report the same for frames of other trains.
  if (foreign === undefined) yield* say('a train has a cell twice', cells.path, twice)
  yield* say(
    `pulse ids of ${PULSE_LIMIT} or more`,
    pulses.path,
    firstWrong(pulses.values, value => value >= PULSE_LIMIT),
  )
  yield* say(
    `cells beyond the ${detector.maxCells} of the detector`,
    cells.path,
    firstWrong(cells.values, value => value >= detector.maxCells),
  )
}
