import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { shortName } from '../../src/detectors/bad-pixel-maps.js'
import type { Detector } from '../../src/detectors/detector.js'
import type { CorrectionPlan } from '../../src/engine/plan/plan.js'
import { type CorrectionOptions, correctRun } from '../../src/engine/run/correct-run.js'
import type { CorrectionOutcome } from '../../src/engine/run/outcome.js'
import { prepareCorrection } from '../../src/engine/run/prepare.js'
import type { CorrectionRequest } from '../../src/engine/run/request.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { AGIPD_DEFAULT_STEPS } from '../../src/kits/agipd/steps.js'
import type { DetectorKit } from '../../src/kits/kit.js'
import { type GoldenChain, type GoldenRun, unpackGoldenRun } from '../golden/run/index.js'

/** A folder that holds the golden run and a catalogue with its constants. */
export interface GoldenPlace {
  readonly folder: string
  readonly golden: GoldenRun & { readonly path: string }
  readonly catalogue: string
  remove(): void
}

/** Unpacks the golden run and imports its constants. */
export async function goldenPlace(): Promise<GoldenPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-golden-'))
  const golden = unpackGoldenRun(folder)
  const catalogue = join(folder, 'catalogue')
  await importGolden(golden, folder, catalogue)
  return { folder, golden, catalogue, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Imports the constants that lie in `folder`, as `golden` lists them. */
export async function importGolden(
  golden: Pick<GoldenRun, 'karaboId' | 'constants'>,
  folder: string,
  root: string,
  detector: Detector = AGIPD_1M,
): Promise<void> {
  const catalogue = SqliteCatalogue.open(root, 'write')
  try {
    for (const { module, pdu, file, begin } of golden.constants) {
      const beginAt = new Date(begin * 1000)
      await importConstants(catalogue, {
        files: [join(folder, file)],
        detector,
        detectorName: golden.karaboId,
        module,
        pdu,
        beginAt,
      })
    }
  } finally {
    catalogue.close()
  }
}

/** A correction that a test asks for, and how it is executed. */
export interface Request extends CorrectionRequest {
  readonly workers?: number
  readonly memory?: number
  readonly kits?: readonly DetectorKit[]
  readonly options?: Partial<CorrectionOptions>
}

/** The plan that `detcal correct` would make. */
export async function planOf(request: Request): Promise<CorrectionPlan> {
  return (await prepare(request)).plan
}

function prepare({ workers = 2, memory = 1024 ** 3, kits, options: _, ...request }: Request) {
  return prepareCorrection(request, { workers, memory, ...(kits && { kits }) })
}

/** Corrects as `detcal correct` would, without flushing, and without a trace of the build. */
export async function correct(request: Request): Promise<CorrectionOutcome> {
  const { plan, output } = await prepare(request)
  return correctRun(plan, {
    output,
    overwrite: false,
    sync: false,
    provenance: { software: 'detcal test', created: '2026-01-01T00:00:00.000Z', options: {} },
    ...request.options,
  })
}

/** Steps, gain mode and maps asked for of one of the golden run's chains. */
export function goldenChain(
  { chains }: GoldenRun,
  chain: GoldenChain,
): Pick<Request, 'steps' | 'gainMode' | 'badPixels'> {
  const { steps, gainMode, mapsAsked, maskMaps } = chains[chain]
  return {
    steps: [...AGIPD_DEFAULT_STEPS, ...steps],
    gainMode: gainMode as NonNullable<Request['gainMode']>,
    ...(mapsAsked ? { badPixels: maskMaps.map(shortName) } : {}),
  }
}

/** Everything of a CORR file's image group that the golden run states. */
export interface ReadBack {
  readonly trains: number[]
  readonly flags: number[]
  readonly counts: number[]
  readonly pulseIds: number[]
  readonly cellIds: number[]
  /** sha256 of data, gain and mask of each frame. */
  readonly frames: [string, string, string][]
}

/** Reads a CORR file back through the library. */
export function readBack(path: string, karaboId: string, module: number): Promise<ReadBack> {
  return withFile(path, 'r', file => {
    const source = `${karaboId}/CORR/${module}CH0:output`
    const image = `INSTRUMENT/${source}/image`
    const dataset = (name: string) => file.get(name) as Dataset
    const numbers = (name: string) =>
      [...(dataset(name).value as unknown as Iterable<number | bigint>)].map(Number)
    const digest = (name: string, frame: number) => {
      const value = dataset(`${image}/${name}`).slice([[frame, frame + 1]]) as unknown as Uint8Array
      return createHash('sha256')
        .update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
        .digest('hex')
    }
    const count = dataset(`${image}/data`).shape?.[0] ?? 0
    return {
      trains: numbers('INDEX/trainId'),
      flags: numbers('INDEX/flag'),
      counts: numbers(`INDEX/${source}/image/count`),
      pulseIds: numbers(`${image}/pulseId`),
      cellIds: numbers(`${image}/cellId`),
      frames: Array.from({ length: count }, (_, frame) => [
        digest('data', frame),
        digest('gain', frame),
        digest('mask', frame),
      ]),
    }
  })
}

/** Holds the CORR files in `out`, and no others, against what a chain of the golden run must give. */
export async function expectGoldenRun(golden: GoldenRun, out: string, chain: GoldenChain): Promise<void> {
  let files = 0
  for (const [module, sequences] of Object.entries(golden.modules)) {
    for (const expected of sequences) {
      const name = `CORR-R0001-AGIPD${module.padStart(2, '0')}-S${String(expected.sequence).padStart(5, '0')}.h5`
      const found = await readBack(join(out, name), golden.karaboId, Number(module))
      const { trains, counts, flags, pulseIds, cellIds } = expected
      expect(found).toEqual({ trains, counts, flags, pulseIds, cellIds, frames: expected.frames[chain] })
      files++
    }
  }
  expect(readdirSync(out).filter(name => name.endsWith('.h5'))).toHaveLength(files)
}
