import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../../exdf/file.js'
import { readGroupIndex, readTrainIndex, rowsAt } from '../../exdf/index-rows.js'
import { copyRows } from '../../exdf/rows.js'
import { requireDataset } from '../../hdf5/index.js'
import { DataError } from '../../model/errors.js'
import type { TrainId } from '../../model/ids.js'
import type { ControlFiles } from '../conditions/reader.js'

/** What a LitFrameFinder says of the detector's frames in one train; all arrays by frame. */
export interface TrainPulses {
  /** Pulse id that the detector gives the frame; each occurs once. */
  readonly pulseIds: ArrayLike<number>
  /** X-ray pulses during the frame: it is lit if there are any. */
  readonly pulses: ArrayLike<number>
  /** Energy of these pulses, µJ. */
  readonly energies: ArrayLike<number>
  /** Where the last of these pulses is in the gas monitor's arrays; −1: there is none. */
  readonly xgmIndices: Int32Array
}

/** The table of a LitFrameFinder, which is what connects frames with pulses. */
export interface PulseTable {
  readonly source: string
  /** A file that has it. */
  readonly file: string
  /** Trains of which it says something; the first of duplicates. */
  readonly trains: ReadonlyMap<TrainId, TrainPulses>
}

const GROUP = 'data'

/**
 * Reads the table of the LitFrameFinder `source` from all files of a run that have it.
 * @throws DataError if a file cannot be read, lacks a dataset or contradicts itself.
 */
export async function readPulseTable(files: ControlFiles['files'], source: string): Promise<PulseTable> {
  const having = files.filter(({ facts }) => facts.instrumentSources.has(source))
  const trains = new Map<TrainId, TrainPulses>()
  for (const { path, facts } of having)
    for (const [trainId, pulses] of await readExdf(path, exdf => pulsesIn(exdf, source), facts))
      if (!trains.has(trainId)) trains.set(trainId, pulses)
  return { source, file: having[0]?.path ?? '', trains }
}

function pulsesIn(exdf: ExdfFile, source: string): [TrainId, TrainPulses][] {
  const index = readGroupIndex(exdf, source, GROUP)
  if (index === undefined) return []
  const found = readTrainIndex(exdf).rows.flatMap(({ row, trainId }) => {
    const rows = row < index.length ? rowsAt(index, row) : undefined
    return rows?.count === 1 ? [{ trainId, row: rows.first }] : []
  })
  const rows = found.map(({ row }) => row)
  const column = (name: string) => {
    const dataset = requireDataset(exdf.file, `${instrumentPath(source, GROUP)}/${name}`)
    const { data, shape } = copyRows(dataset, rows)
    if (data instanceof BigInt64Array || data instanceof BigUint64Array || shape.length > 2)
      throw new DataError('is not a number or a list of numbers a train', {
        place: { dataset: dataset.path },
      })
    const width = shape[1] ?? 1
    return { dataset: dataset.path, width, at: (i: number) => data.subarray(i * width, (i + 1) * width) }
  }
  const counts = column('nFrame')
  const pulseIds = column('detectorPulseId')
  const pulses = column('nPulsePerFrame')
  const energies = column('energyPerFrame')
  const xgm = column('xgmPulseId')
  return found.map(({ trainId }, i) => {
    const frames = counts.at(i)[0] ?? 0
    for (const { width, dataset } of [pulseIds, pulses, energies])
      if (frames > width)
        throw new DataError(`has ${width} frames a train, nFrame says ${frames}`, {
          place: { dataset, train: trainId },
        })
    const ids = pulseIds.at(i).subarray(0, frames)
    if (new Set(ids).size < frames)
      throw new DataError('has a pulse id twice in a train', {
        place: { dataset: pulseIds.dataset, train: trainId },
      })
    const counted = pulses.at(i).subarray(0, frames)
    return [
      trainId,
      {
        pulseIds: ids,
        pulses: counted,
        energies: energies.at(i).subarray(0, frames),
        xgmIndices: xgmIndices(counted, xgm.at(i)),
      },
    ]
  })
}

/** The table lists the indices of all pulses one after the other: those of the first lit frame, then of the second, … */
function xgmIndices(pulses: ArrayLike<number>, listed: ArrayLike<number>): Int32Array {
  let seen = 0
  return Int32Array.from(pulses, count => {
    seen += count
    return count > 0 ? (listed[seen - 1] ?? -1) : -1
  })
}

/** Finds frames of a train by pulse id; undefined where it has none. Fastest for ids in ascending order. */
export function pulseAt({ pulseIds }: TrainPulses): (pulseId: number) => number | undefined {
  let next = 0
  return pulseId => {
    for (let tried = 0; tried < pulseIds.length; tried++) {
      const frame = (next + tried) % pulseIds.length
      if (pulseIds[frame] !== pulseId) continue
      next = frame + 1
      return frame
    }
    return undefined
  }
}
