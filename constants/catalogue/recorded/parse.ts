import { readFileSync, statSync } from 'node:fs'
import * as v from 'valibot'
import { ConstantsError, type Place } from '../../../src/model/errors.js'
import { shaped, TABLE } from '../../../src/model/shape.js'

/** One constant as a metadata file names it: text unchanged, nothing looked up. */
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

/** The constants of one module. A constant without a valid description is an error instead. */
export interface RecordedModule {
  readonly pdu: string
  readonly constants: ReadonlyMap<string, RecordedConstant | ConstantsError>
}

/** What `calibration_metadata_<DET>.yml` tells of the constants that a correction used. */
export interface RecordedConstants {
  /** Karabo name of the detector, if given. */
  readonly karaboId: string | undefined
  /** By data aggregator: `AGIPD00`. */
  readonly modules: ReadonlyMap<string, RecordedModule>
}

const METADATA = v.pipe(
  TABLE,
  v.object({
    'retrieved-constants': v.fallback(TABLE, {}),
    'calibration-configurations': v.fallback(v.object({ 'karabo-id': v.optional(v.string()) }), {}),
  }),
)

const GROUP = v.object({ 'physical-name': v.fallback(v.string(), ''), constants: TABLE })

/** Every message says what is wrong with "it", the constant. */
const CONSTANT = v.object(
  {
    path: v.pipe(
      v.string('it has no path'),
      v.nonEmpty('it has no path'),
      v.excludes('\0', 'it has no path'),
    ),
    dataset: v.pipe(
      v.string('it has no dataset'),
      v.regex(/^(?:\/[\w.+-]{1,128}){1,2}\/\d{1,9}$/, 'its dataset is not /<PDU>/<Calibration>/<index>'),
    ),
    'creation-time': v.pipe(
      v.string('its creation-time is not a time'),
      v.transform(text => new Date(text)),
      v.date('its creation-time is not a time'),
    ),
    ccv_id: v.fallback(v.pipe(v.number(), v.safeInteger()), 0),
    sha256: v.exactOptional(
      v.pipe(v.string('its sha256 is no checksum'), v.regex(/^[0-9a-f]{64}$/, 'its sha256 is no checksum')),
    ),
    dims: v.exactOptional(
      v.pipe(
        v.array(v.string('its dims are no list of names'), 'its dims are no list of names'),
        v.maxLength(32, 'its dims are more than 32 names'),
      ),
    ),
  },
  ({ path }) => `it has no ${path?.at(-1)?.key ?? 'path, dataset and creation-time'}`,
)

/** Largest file that is read: a hundred times that of a run with all modules and constants. */
const MOST_BYTES = 16 * 2 ** 20

/**
 * Reads a metadata file of detcal's or of pycalibration's.
 * @throws ConstantsError naming the file if it cannot be read or names no constants at all.
 */
export async function readRecordedConstants(file: string): Promise<RecordedConstants> {
  const tree = await readMetadataAs(METADATA, file)
  const modules = new Map<string, RecordedModule>()
  for (const [aggregator, value] of Object.entries(tree['retrieved-constants'])) {
    // Groups without constants are other facts, such as `time-summary`.
    const { success, output } = v.safeParse(GROUP, value)
    if (!success) continue
    const { 'physical-name': pdu, constants } = output
    modules.set(aggregator, {
      pdu,
      constants: new Map(
        Object.entries(constants).map(([name, entry]) => [name, constantOf(name, entry, aggregator, file)]),
      ),
    })
  }
  if (modules.size === 0)
    throw new ConstantsError('it names no constants: retrieved-constants is missing or empty', {
      place: { file },
      hint: 'Give the calibration_metadata_<DETECTOR>.yml of a correction',
    })
  return { karaboId: tree['calibration-configurations']['karabo-id'], modules }
}

/**
 * Reads a metadata file, and of it what `schema` describes.
 * @throws ConstantsError naming the file if it cannot be read, or is something else.
 */
export async function readMetadataAs<S extends v.GenericSchema>(
  schema: S,
  file: string,
): Promise<v.InferOutput<S>> {
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
  return shaped(schema, tree, message => new ConstantsError(message, { place, hint }))
}

function constantOf(
  calibration: string,
  entry: unknown,
  aggregator: string,
  file: string,
): RecordedConstant | ConstantsError {
  const place: Place = { file, dataset: `retrieved-constants/${aggregator}/constants/${calibration}` }
  const { success, issues, output } = v.safeParse(CONSTANT, entry)
  if (!success)
    return new ConstantsError(issues[0].message, { place, hint: 'Take the file as the correction wrote it' })
  const { path, dataset, ccv_id: id, 'creation-time': beginAt, ...more } = output
  return { calibration, path, dataset, beginAt, id, ...more }
}
