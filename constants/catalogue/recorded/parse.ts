import { readFileSync, statSync } from 'node:fs'
import { ConstantsError, type Place } from '../../../src/model/errors.js'

/** One constant as a metadata file names it; text is as it stands there, nothing has been looked up. */
export interface RecordedConstant {
  readonly calibration: string
  /** Path of its file, absolute or below some root. */
  readonly path: string
  /** `/<PDU>/<Calibration>/<index>`. */
  readonly dataset: string
  readonly beginAt: Date
  /** Number in the catalogue it came from; 0 where none is named. */
  readonly id: number
  /** Checksum of its file: detcal's own metadata files tell it. */
  readonly sha256?: string
  /** Order of its axes, slowest first: likewise. */
  readonly dims?: readonly string[]
}

/** The constants of one module. A constant that is not described as it must be is an error instead. */
export interface RecordedModule {
  readonly pdu: string
  readonly constants: ReadonlyMap<string, RecordedConstant | ConstantsError>
}

/** What `calibration_metadata_<DET>.yml` tells of the constants that a correction used. */
export interface RecordedConstants {
  /** Karabo name of the detector, where it is told. */
  readonly karaboId: string | undefined
  /** By data aggregator: `AGIPD00`. */
  readonly modules: ReadonlyMap<string, RecordedModule>
}

/** Largest file that is read: that of a run with all modules and constants takes a hundredth of it. */
const MOST_BYTES = 16 * 2 ** 20

/**
 * Reads a metadata file of detcal's or of pycalibration's.
 * @throws ConstantsError naming the file if it cannot be read or names no constants at all.
 */
export async function readRecordedConstants(file: string): Promise<RecordedConstants> {
  const tree = await parsed(file)
  const retrieved = tableOf(tree['retrieved-constants'])
  const modules = new Map<string, RecordedModule>()
  for (const [aggregator, group] of Object.entries(retrieved ?? {})) {
    const { constants, 'physical-name': pdu } = tableOf(group) ?? {}
    const named = tableOf(constants)
    // Groups without constants are other facts, such as `time-summary`.
    if (named === undefined) continue
    modules.set(aggregator, {
      pdu: typeof pdu === 'string' ? pdu : '',
      constants: new Map(
        Object.entries(named).map(([name, entry]) => [name, constantOf(name, entry, aggregator, file)]),
      ),
    })
  }
  if (modules.size === 0)
    throw new ConstantsError('it names no constants: retrieved-constants is missing or empty', {
      place: { file },
      hint: 'Give the calibration_metadata_<DETECTOR>.yml of a correction',
    })
  const karaboId = tableOf(tree['calibration-configurations'])?.['karabo-id']
  return { karaboId: typeof karaboId === 'string' ? karaboId : undefined, modules }
}

async function parsed(file: string): Promise<Table> {
  const place = { file }
  const hint = 'Give the calibration_metadata_<DETECTOR>.yml of a correction'
  const info = statSync(file, { throwIfNoEntry: false })
  if (!info?.isFile()) throw new ConstantsError('there is no such file', { place, hint })
  if (info.size > MOST_BYTES)
    throw new ConstantsError(`it is ${info.size} bytes long, which no metadata file is`, { place, hint })
  const { parse } = await import('yaml')
  let tree: unknown
  try {
    tree = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const [reason] = (error as Error).message.split(/:?\n/)
    throw new ConstantsError(`it cannot be read: ${reason}`, { place, hint, cause: error })
  }
  const table = tableOf(tree)
  if (table === undefined) throw new ConstantsError('it is not a table', { place, hint })
  return table
}

function constantOf(
  calibration: string,
  entry: unknown,
  aggregator: string,
  file: string,
): RecordedConstant | ConstantsError {
  const place: Place = { file, dataset: `retrieved-constants/${aggregator}/constants/${calibration}` }
  const refuse = (message: string) =>
    new ConstantsError(message, { place, hint: 'Take the file as the correction wrote it' })
  const { path, dataset, ccv_id: id, sha256, dims, 'creation-time': begin } = tableOf(entry) ?? {}
  if (typeof path !== 'string' || path === '' || path.includes('\0')) return refuse('it has no path')
  if (typeof dataset !== 'string' || !DATASET.test(dataset)) return refuse('it has no dataset')
  const beginAt = new Date(typeof begin === 'string' ? begin : Number.NaN)
  if (Number.isNaN(beginAt.getTime())) return refuse('its creation-time is not a time')
  if (sha256 !== undefined && !(typeof sha256 === 'string' && SHA256.test(sha256)))
    return refuse('its sha256 is not a checksum')
  if (dims !== undefined && !isNames(dims)) return refuse('its dims are not a list of names')
  return {
    calibration,
    path,
    dataset,
    beginAt,
    id: typeof id === 'number' && Number.isSafeInteger(id) ? id : 0,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(dims === undefined ? {} : { dims }),
  }
}

const DATASET = /^(?:\/[\w.+-]{1,128}){1,2}\/\d{1,9}$/
const SHA256 = /^[0-9a-f]{64}$/

type Table = Readonly<Record<string, unknown>>

function tableOf(value: unknown): Table | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : undefined
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= 32 && value.every(name => typeof name === 'string')
}
