import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { type Dataset, withFile } from '../../../src/hdf5/library.js'
import { AGIPD } from '../../../src/kits/agipd/index.js'
import { AGIPD_1M } from '../../../src/kits/agipd/record.js'
import { moduleIndex } from '../../../src/model/ids.js'
import { modelCell } from '../../../src/simulator/frame.js'
import type { SimulationOptions } from '../../../src/simulator/model/options.js'
import { modelModule } from '../../../src/simulator/model-module.js'
import { patternOf } from '../../../src/simulator/pattern.js'
import { simulateRow } from '../../../src/simulator/raw-file.js'
import { type SimulationTarget, simulate } from '../../../src/simulator/simulate.js'
import { openRun } from '../../../src/sources/run/open-run.js'

const PIXELS = 512 * 128
const OPTIONS: SimulationOptions = {
  detector: AGIPD_1M,
  modules: [0, 9].map(moduleIndex),
  proposal: 900_123,
  run: 17,
  trains: 3,
  cells: 2,
  trainsPerFile: 2,
  kind: 'photons',
  stage: undefined,
  energy: 9.2,
  switched: 0.01,
  seed: 5,
  formatVersion: '1.2',
}

let out: string
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'simulate-'))
})
afterEach(() => rmSync(out, { recursive: true }))

function run(options: Partial<SimulationOptions> = {}, target: Partial<SimulationTarget> = {}) {
  const folder = target.out ?? out
  return simulate(
    { ...OPTIONS, ...options },
    { out: folder, catalogue: join(folder, 'catalogue'), workers: 2, ...target },
  )
}

/** SHA-256 of every file below `folder` but the catalogue's database, which says when it was made. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.includes('.sqlite'))
    .map(entry => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    files
      .sort()
      .map(file => [relative(folder, file), createHash('sha256').update(readFileSync(file)).digest('hex')]),
  )
}

async function value(file: string, path: string, ranges?: [number, number][]): Promise<unknown> {
  return withFile(file, 'r', hdf5 => {
    const dataset = hdf5.get(path) as Dataset
    return ranges ? dataset.slice(ranges) : dataset.value
  })
}

/** The frame as it is by itself. */
function alone(module: number, trainId: number, cell: number) {
  const index = moduleIndex(module)
  const model = modelModule(AGIPD, index, OPTIONS.cells, OPTIONS.energy, OPTIONS.seed)
  const raw = new Uint16Array(2 * PIXELS)
  const truth = { photons: new Uint16Array(PIXELS), stages: new Uint8Array(PIXELS) }
  const place = { module: index, trainId, cell, classes: patternOf(AGIPD, index) }
  simulateRow(modelCell(model, cell), OPTIONS, place, raw, truth)
  return { raw, truth }
}

describe('a simulated run', () => {
  test.each(['0.5', '1.0', '1.2'] as const)('of format %s is a run that opens', async formatVersion => {
    const { run: folder, files, frames } = await run({ formatVersion })
    expect([files, frames]).toEqual([5, 12])
    expect(readdirSync(folder).sort()).toEqual([
      'RAW-R0017-AGIPD00-S00000.h5',
      'RAW-R0017-AGIPD00-S00001.h5',
      'RAW-R0017-AGIPD09-S00000.h5',
      'RAW-R0017-AGIPD09-S00001.h5',
      'RAW-R0017-DA01-S00000.h5',
    ])
    const opened = await openRun(folder, { detector: 'auto' })
    expect(new Set(opened.problems.map(({ check }) => check))).toEqual(new Set(['modules_present']))
    expect(opened.trainIds).toHaveLength(3)
    expect(opened.gainMode).toBe(0)
    expect(opened.conditions).toMatchObject({
      'Sensor Bias Voltage': 300,
      'Memory cells': 4,
      'Acquisition rate': 1.1,
      'Gain setting': 0,
      'Integration time': 12,
    })
    for (const files of opened.modules.values()) {
      expect(files.map(file => file.formatVersion)).toEqual([formatVersion, formatVersion])
      expect(files.map(file => file.sequence)).toEqual([0, 1])
      expect(files.map(file => file.frames)).toEqual([4, 2])
      expect(files.flatMap(file => file.trains.map(({ image }) => [image.first, image.count]))).toEqual([
        [0, 2],
        [2, 2],
        [0, 2],
      ])
      expect([...files[0]!.pulseIds]).toEqual([0, 4, 0, 4])
      expect([...files[0]!.cellIds]).toEqual([0, 1, 0, 1])
    }
    if (formatVersion !== '0.5') {
      expect([opened.proposal, opened.run]).toEqual([900_123, 17])
      expect(opened.time).toEqual(new Date('2020-01-06T01:17:00Z'))
    }
  })

  test('holds each frame as it is when simulated alone, and the truth file what is behind it', async () => {
    const truth = join(out, 'truth.h5')
    const { run: folder } = await run({}, { truth })
    for (const [train, cell] of [
      [0, 1],
      [2, 0],
    ] as const) {
      const expected = alone(9, 10_017_000_000 + train, cell)
      const file = join(folder, `RAW-R0017-AGIPD09-S0000${train >> 1}.h5`)
      const row = (train % 2) * 2 + cell
      const data = await value(file, 'INSTRUMENT/SPB_DET_AGIPD1M-1/DET/9CH0:xtdf/image/data', [
        [row, row + 1],
      ])
      expect(data).toEqual(expected.raw)
      const frame = train * 2 + cell
      expect(await value(truth, 'module09/photons', [[frame, frame + 1]])).toEqual(expected.truth.photons)
      expect(await value(truth, 'module09/stage', [[frame, frame + 1]])).toEqual(expected.truth.stages)
    }
    const model = modelModule(AGIPD, moduleIndex(0), OPTIONS.cells, OPTIONS.energy, OPTIONS.seed)
    const offset = await value(truth, 'module00/offset', [
      [1, 2],
      [2, 3],
    ])
    expect(offset).toEqual(modelCell(model, 1).offsets[2])
    expect(await value(truth, 'pulseId')).toEqual(new BigUint64Array([0n, 4n, 0n, 4n, 0n, 4n]))
  })

  test('is the same to the byte whatever the number of workers', async () => {
    const [one, three] = [join(out, 'one'), join(out, 'three')]
    await run({}, { out: one, workers: 1, truth: join(one, 'truth.h5') })
    await run({}, { out: three, workers: 3, truth: join(three, 'truth.h5') })
    const files = contents(one)
    expect(Object.keys(files)).toHaveLength(5 + 2 + 1)
    expect(contents(three)).toEqual(files)
  })

  test('finds its constants in the catalogue by its own conditions and time', async () => {
    const { run: folder, catalogue } = await run()
    const opened = await openRun(folder, { detector: 'auto' })
    const open = SqliteCatalogue.open(catalogue!)
    const found = await open.find({
      detector: AGIPD_1M,
      karaboId: opened.karaboId,
      modules: OPTIONS.modules,
      calibrations: [
        'Offset',
        'Noise',
        'ThresholdsDark',
        'BadPixelsDark',
        'SlopesPC',
        'BadPixelsPC',
        'SlopesFF',
        'BadPixelsFF',
      ],
      conditions: opened.conditions,
      at: opened.time!,
      strategy: 'closest',
    })
    open.close()
    expect([...found.keys()]).toEqual(OPTIONS.modules)
    for (const { constants } of found.values()) expect(constants.size).toBe(8)
    const offset = found.get(moduleIndex(9))!.constants.get('Offset')!
    const stored = (await value(offset.path, `${offset.dataset}/data`, [[5, 6]])) as Float32Array
    const model = modelModule(AGIPD, moduleIndex(9), OPTIONS.cells, OPTIONS.energy, OPTIONS.seed)
    const [ss, fs, cell, stage] = [100, 5, 1, 2] as const
    expect(stored[(ss * 2 + cell) * 3 + stage]).toBe(modelCell(model, cell).offsets[stage][ss * 128 + fs])
  })

  test('leaves the catalogue as it is when simulated again, and keeps no constants twice', async () => {
    await run()
    const before = contents(out)
    await run({}, { overwrite: true })
    expect(contents(out)).toEqual(before)
  })

  test('dark: constants are for others to make', async () => {
    const { run: folder, catalogue } = await run({ kind: 'dark', stage: 1 })
    expect(catalogue).toBeUndefined()
    expect(readdirSync(out)).toEqual(['raw'])
    const opened = await openRun(folder, { detector: 'auto' })
    expect(opened.gainMode).toBe(0)
    const control = join(folder, 'RAW-R0017-DA01-S00000.h5')
    const pattern = await value(control, 'RUN/SPB_IRU_AGIPD1M1/MDL/FPGA_COMP/patternTypeIndex/value')
    expect(pattern).toEqual(new Int32Array([2]))
  })

  test('of photons in a fixed stage says so in its control data', async () => {
    const { run: folder } = await run({ stage: 1, modules: [moduleIndex(4)] })
    expect((await openRun(folder, { detector: 'auto' })).gainMode).toBe(2)
  })
})

describe('what cannot be', () => {
  /** Names below the output folder: nothing partial may be left. */
  const left = () => contents(out)

  test('existing output is refused, with and without a truth file, and stays as it was', async () => {
    const { run: folder } = await run({ kind: 'dark' })
    const before = left()
    await expect(run({ kind: 'dark' })).rejects.toMatchObject({ tag: 'output', place: { file: folder } })
    const truth = join(out, 'truth.h5')
    writeFileSync(truth, 'mine')
    await expect(run({ run: 18 }, { truth })).rejects.toMatchObject({ tag: 'output', place: { file: truth } })
    // Not even if it may be overwritten: only a truth is.
    await expect(run({ run: 18 }, { truth, overwrite: true })).rejects.toMatchObject({ tag: 'usage' })
    expect(readFileSync(truth, 'utf8')).toBe('mine')
    rmSync(truth)
    expect(left()).toEqual(before)
  })

  test('overwriting replaces the whole run', async () => {
    const { run: folder } = await run({ kind: 'dark' })
    const before = left()
    await run({ kind: 'dark', trains: 1, modules: [moduleIndex(3)] }, { overwrite: true })
    expect(readdirSync(folder).sort()).toEqual(['RAW-R0017-AGIPD03-S00000.h5', 'RAW-R0017-DA01-S00000.h5'])
    await run({ kind: 'dark' }, { overwrite: true })
    expect(left()).toEqual(before)
  })

  test('a truth file in the folder of the run is refused, and the run stays', async () => {
    const { run: folder } = await run({})
    const before = readdirSync(folder)
    for (const truth of [join(folder, 'RAW-R0017-AGIPD00-S00000.h5'), join(folder, 'new.h5')])
      await expect(run({}, { truth, overwrite: true })).rejects.toMatchObject({
        tag: 'usage',
        place: { file: truth },
      })
    expect(readdirSync(folder)).toEqual(before)
    const truth = join(out, 'truth.h5')
    for (const _ of [1, 2]) await run({}, { truth, overwrite: true })
  })

  test('a signal leaves nothing behind', async () => {
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    await expect(run({ trains: 20 }, { signal: controller.signal, onProgress, workers: 1 })).rejects.toThrow(
      'aborted',
    )
    expect(left()).toEqual({})
    expect(readdirSync(out)).toEqual([])
  })

  test('a file in the way of the folder is named', async () => {
    const file = join(out, 'raw')
    writeFileSync(file, '')
    await expect(run()).rejects.toMatchObject({ tag: 'output' })
    expect(readdirSync(out)).toEqual(['raw'])
  })

  test('a catalogue that cannot be written leaves no run', async () => {
    const catalogue = join(out, 'catalogue')
    mkdirSync(catalogue)
    writeFileSync(join(catalogue, 'xfel'), '')
    await expect(run({}, { catalogue })).rejects.toMatchObject({ tag: 'output' })
    expect(existsSync(join(out, 'raw'))).toBe(false)
  })

  test.each([
    ['--trains', { trains: 0 }],
    ['--trains', { trains: 1.5 }],
    ['--cells', { cells: 353 }],
    ['--trains-per-file', { trainsPerFile: 0 }],
    ['--run', { run: 10_000 }],
    ['--seed', { seed: -1 }],
    ['--photon-energy', { energy: Number.NaN }],
    ['--switched', { switched: 2 }],
    ['module', { modules: [] }],
  ])('%s', async (name, options) => {
    await expect(run(options)).rejects.toMatchObject({ tag: 'usage', message: expect.stringContaining(name) })
    expect(readdirSync(out)).toEqual([])
  })
})
