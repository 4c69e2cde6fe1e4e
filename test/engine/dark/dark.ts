import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import type { DARK_REASONS } from '../../../constants/dark/bad-pixels.js'
import type { ConstantVersion } from '../../../constants/model/version.js'
import { type DarkOptions, darkRun } from '../../../src/engine/dark/dark-run.js'
import type { DarkOutcome } from '../../../src/engine/dark/outcome.js'
import { prepareDark } from '../../../src/engine/dark/prepare.js'
import type { DarkRequest } from '../../../src/engine/dark/request.js'
import type { MachineOptions } from '../../../src/engine/run/prepare.js'
import { type Dataset, withFile } from '../../../src/hdf5/library.js'

export type Request = DarkRequest & MachineOptions

/** The plan that `detcal dark` would make of the request as it is stored and sent. */
export function planOf({ workers = 2, memory = 2 ** 30, kits, signal, ...request }: Request) {
  const machine = { workers, memory, ...(kits && { kits }), ...(signal && { signal }) }
  return prepareDark(JSON.parse(JSON.stringify(request)), machine)
}

/** Characterises as `detcal dark` would. */
export async function characterise(
  request: Request,
  options: Partial<DarkOptions> = {},
): Promise<DarkOutcome> {
  return darkRun(await planOf(request), {
    catalogue: request.catalogue,
    software: 'detcal test',
    ...options,
  })
}

/** All versions that a catalogue has. */
export function versionsIn(root: string): ConstantVersion[] {
  const catalogue = SqliteCatalogue.open(root)
  try {
    return catalogue.list()
  } finally {
    catalogue.close()
  }
}

/** The elements of a constant, in disk order. */
export function valuesOf({ path, dataset }: ConstantVersion): Promise<Float32Array | Uint32Array> {
  return withFile(
    path,
    'r',
    file => (file.get(`${dataset}/data`) as Dataset).value as unknown as Float32Array,
  )
}

/** sha256 of each constant's elements, by calibration. */
export async function digests(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const version of versionsIn(root)) {
    const { buffer, byteOffset, byteLength } = await valuesOf(version)
    found[version.calibration] = createHash('sha256')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex')
  }
  return found
}

/** Checks and messages of an outcome's problems, paths shortened. */
export function told(outcome: Pick<DarkOutcome, 'problems'>): string[] {
  return outcome.problems.map(({ check, severity, message, place }) => {
    const where = place.module === undefined ? basename(place.file ?? '') : `module ${place.module}`
    return `${severity} ${check} ${where}: ${message.replaceAll(/\/\S*\//g, '')}`
  })
}

export const REASON_BITS: Readonly<Record<(typeof DARK_REASONS)[number], string>> = {
  OFFSET_OUT_OF_THRESHOLD: '0',
  NOISE_OUT_OF_THRESHOLD: '1',
  OFFSET_NOISE_EVAL_ERROR: '2',
  NO_DARK_DATA: '3',
  GAIN_THRESHOLDING_ERROR: '13',
}
