import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { main as asc } from 'assemblyscript/asc'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { writeConstants } from '../../constants/files/write.js'
import { requireConstants } from '../../src/corrections/chain.js'
import type { Detector } from '../../src/detectors/detector.js'
import { Engine } from '../../src/engine/threads/engine.js'
import { writeExdf } from '../../src/exdf/writer.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import type { DetectorKit } from '../../src/kits/kit.js'
import { framesAlone } from '../../src/sources/conditions/frames.js'
import { correct } from '../helpers/correction.js'

// What a fourth detector takes: a kit of a record and corrections, and a kernel. Nothing is registered.

const EIGHT: Detector = {
  id: 'eight8m',
  name: 'EIGHT-8M',
  moduleCount: 8,
  slowScan: 1024,
  fastScan: 512,
  rawPlanes: 1,
  stages: 1,
  fixedGain: false,
  rawSource: /^(?<karaboId>[^/]+_EIGHT8M[^/]*)\/DET\/(?<module>\d+)CH0:xtdf$/,
  correctedSource: /^(?<karaboId>[^/]+_EIGHT8M[^/]*)\/CORR\/(?<module>\d+)CH0:output$/,
  aggregator: 'EIGHT',
  karaboId: 'TST_DET_EIGHT8M-1',
  type: 'eight-type',
  maxCells: 16,
  cellOptions: [16],
  detectorDataBytes: 0,
  calibrations: [
    {
      name: 'Offset',
      kind: 'float',
      conditions: 'dark',
      planes: [1],
      flat: true,
      planeAxis: 'gain',
      meaning: 'one',
    },
  ],
  parameters: [{ name: 'Memory cells', groups: ['dark'] }],
}

/** All that must be there: it is neither simulated nor characterised. */
const KIT: DetectorKit = {
  detector: EIGHT,
  readControl: framesAlone,
  corrections: {
    steps: { offset: { built: true, needs: [] } },
    defaultSteps: ['offset'],
    productionSteps: ['offset'],
    resolve({ steps, gainMode, available }) {
      requireConstants(['Offset'], available)
      const planes = [{ kind: 'value', calibration: 'Offset', index: 0 } as const]
      return {
        kernel: 'eight',
        params: [],
        planes,
        rawFrames: 1,
        gainMode,
        steps,
        skipped: [],
        maskMaps: [],
        missingMaps: [],
      }
    },
  },
}

/** Subtracts the offset and marks negative pixels with bit 30: simple, but a kernel of its own. */
const KERNEL = `
export * from './index'
import { clearDepartures, DATA, depart, ENTRY_BYTES, GAIN, MASK } from './table'

export function eight(table: usize, frames: usize, constants: usize, params: usize): void {
  const pixels = load<u32>(params)
  clearDepartures(table, frames)
  for (let f: usize = 0; f < frames; ++f) {
    const entry = table + f * ENTRY_BYTES
    for (let p: usize = 0; p < pixels; ++p) {
      const d = <f32>load<u16>(<usize>load<u32>(entry) + 2 * p) - load<f32>(constants + 4 * p)
      store<f32>(<usize>load<u32>(entry, DATA) + 4 * p, d)
      store<u8>(<usize>load<u32>(entry, GAIN) + p, 0)
      store<u32>(<usize>load<u32>(entry, MASK) + 4 * p, d < 0 ? 1 << 30 : 0)
      if (d < 0) depart(entry, 1)
    }
  }
}
`

const ROOT = resolve(import.meta.dirname, '../..')

/** detcal's kernels and this one, in one module. */
async function compile(): Promise<WebAssembly.Module> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc(
    ['eight.ts', '--config', 'asconfig.json', '--target', 'release', '--outFile', 'eight.wasm'],
    {
      readFile: name => {
        if (name === 'eight.ts') return KERNEL
        try {
          return readFileSync(join(ROOT, 'kernels', name), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm') && typeof contents !== 'string') wasm = contents
      },
      listFiles: () => [],
    },
  )
  if (error || !wasm) throw new Error(`${error?.message} ${stderr.toString()}`)
  return new WebAssembly.Module(Uint8Array.from(wasm))
}

/** Of half a million numbers `toEqual` would take half a minute. */
function expectSame(found: Float32Array | Uint32Array, expected: Float32Array | Uint32Array): void {
  const bytes = (array: typeof found) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
  expect(found.length).toBe(expected.length)
  expect(bytes(found).equals(bytes(expected))).toBe(true)
}

const FRAMES = 4
const CELLS = 2
const PIXELS = EIGHT.slowScan * EIGHT.fastScan
const rawAt = (frame: number, pixel: number) => (pixel * 7 + frame * 1009) % 4001
const offsetAt = (cell: number, pixel: number) => ((pixel * 3) % 997) + cell + 0.5

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-eight-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function writeRun(path: string): Promise<void> {
  const data = Uint16Array.from({ length: FRAMES * PIXELS }, (_, i) =>
    rawAt(Math.floor(i / PIXELS), i % PIXELS),
  )
  const date = new Date('2026-01-01T00:00:00Z')
  writeExdf(path, {
    version: '1.2',
    growable: true,
    metadata: {
      proposalNumber: 1,
      runNumber: 1,
      sequenceNumber: 0,
      runType: '',
      sample: '',
      daqLibrary: '',
      karaboFramework: '',
      creationDate: date,
      updateDate: date,
    },
    trains: { trainIds: [10, 11], flags: [1, 1], timestamps: [1n, 2n], origins: [-1, -1] },
    sources: [
      {
        name: `${EIGHT.karaboId}/DET/7CH0:xtdf`,
        groups: {
          image: {
            counts: [CELLS, CELLS],
            datasets: [
              { name: 'data', dtype: 'u2', shape: [FRAMES, 1, 1024, 512], chunk: [1, 1, 1024, 512], data },
              {
                name: 'trainId',
                dtype: 'u8',
                shape: [FRAMES, 1],
                data: BigUint64Array.of(10n, 10n, 11n, 11n),
              },
              { name: 'pulseId', dtype: 'u8', shape: [FRAMES, 1], data: BigUint64Array.of(0n, 1n, 0n, 1n) },
              { name: 'cellId', dtype: 'u2', shape: [FRAMES, 1], data: Uint16Array.of(0, 1, 0, 1) },
            ],
          },
        },
      },
    ],
  })
}

async function writeCatalogue(root: string): Promise<void> {
  const file = join(folder, 'cal.1.h5')
  const data = Float64Array.from({ length: PIXELS * CELLS }, (_, i) => {
    const [fast, rest] = [Math.floor(i / (1024 * CELLS)), i % (1024 * CELLS)]
    return offsetAt(rest % CELLS, Math.floor(rest / CELLS) * 512 + fast)
  })
  const dims = ['fast_scan', 'slow_scan', 'cell']
  await writeConstants(file, [
    { pdu: 'E7', calibration: 'Offset', shape: [512, 1024, CELLS], dims, dtype: 'f8', data },
  ])
  const catalogue = SqliteCatalogue.open(root, 'write')
  try {
    await importConstants(catalogue, {
      files: [file],
      detector: EIGHT,
      detectorName: EIGHT.id,
      module: 7,
      pdu: 'E7',
      beginAt: new Date(0),
    })
  } finally {
    catalogue.close()
  }
}

test('a detector of eight modules of 1024 × 512 pixels is corrected by its own kernel', async () => {
  const run = join(folder, 'raw')
  mkdirSync(run)
  await writeRun(join(run, 'RAW-R0001-EIGHT07-S00000.h5'))
  const catalogue = join(folder, 'catalogue')
  await writeCatalogue(catalogue)
  const out = join(folder, 'out')
  const combined = join(folder, 'run.cxi')
  const engine = await Engine.start({ workers: 2, kernels: await compile() })
  const outcome = await correct({ run, catalogue, out, combined, kits: [KIT], options: { engine } })
  await engine.close()
  expect(outcome.modules).toMatchObject([{ module: 7, status: 'corrected' }])

  const read = (path: string, dataset: string, at: [number, number][]) =>
    withFile(path, 'r', file => (file.get(dataset) as Dataset).slice(at) as Float32Array | Uint32Array)
  const image = `INSTRUMENT/${EIGHT.karaboId}/CORR/7CH0:output/image`
  const frame = 3
  const expected = Float32Array.from(
    { length: PIXELS },
    (_, pixel) => rawAt(frame, pixel) - offsetAt(1, pixel),
  )
  const file = join(out, 'CORR-R0001-EIGHT07-S00000.h5')
  expectSame(await read(file, `${image}/data`, [[frame, frame + 1]]), expected)
  const mask = Uint32Array.from(expected, d => (d < 0 ? 1 << 30 : 0))
  expectSame(await read(file, `${image}/mask`, [[frame, frame + 1]]), mask)
  const whole = await read(combined, 'entry_1/instrument_1/detector_1/data', [
    [frame, frame + 1],
    [7, 8],
  ])
  expectSame(whole, expected)
  const missing = await read(combined, 'entry_1/instrument_1/detector_1/mask', [
    [frame, frame + 1],
    [0, 1],
  ])
  expect(missing.every(word => word === 0xffffffff)).toBe(true)
})
