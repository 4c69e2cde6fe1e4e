import { readFileSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import * as v from 'valibot'
import type { Detector } from '../../detectors/detector.js'
import { notAFile } from '../../files/regular.js'
import { OutputError } from '../../model/errors.js'
import { twoDigits } from '../../model/ids.js'
import { shaped, TABLE } from '../../model/shape.js'

/** What a metadata file of an earlier correction says, whose modules a new one of the same run keeps. */
export interface EarlierMetadata {
  /** What held for all of its modules: options, version, time. */
  readonly configuration: Readonly<Record<string, unknown>>
  /** By data aggregator, `AGIPD00`. */
  readonly constants: Readonly<Record<string, unknown>>
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const EARLIER = v.pipe(
  TABLE,
  v.looseObject({
    'calibration-configurations': v.looseObject({ 'in-folder': v.string() }),
    'retrieved-constants': v.fallback(TABLE, {}),
    'module-outcomes': v.fallback(v.record(v.string(), TABLE), {}),
  }),
)

/** Key of what was otherwise for a module when it was corrected than the file says of the others. */
const OTHERWISE = 'other-configurations'

/**
 * Reads the metadata file at `path`; undefined: there is none.
 * @param input folder of the RAW run that is to be corrected.
 * @throws OutputError if it is of another run, whose CORR files would be left without it, or cannot be read.
 */
export async function earlierMetadata(path: string, input: string): Promise<EarlierMetadata | undefined> {
  const refuse = (message: string, cause?: unknown) =>
    new OutputError(message, {
      place: { file: path },
      hint: 'Choose another --out, or move this file and the CORR files it belongs to away',
      ...(cause === undefined ? {} : { cause }),
    })
  const what = notAFile(path)
  if (what !== undefined) throw refuse(`${what}, so it is not replaced`)
  let tree: unknown
  try {
    const text = readFileSync(path, 'utf8')
    tree = (await import('yaml')).parse(text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw refuse('is not a metadata file, so it is not replaced', error)
  }
  const {
    'calibration-configurations': configuration,
    'retrieved-constants': { 'time-summary': _, ...constants },
    'module-outcomes': outcomes,
    ...general
  } = shaped(EARLIER, tree, () => refuse('is not a metadata file, so it is not replaced'))
  const of = configuration['in-folder']
  if (real(of) !== real(input)) throw refuse(`it tells of another run, ${of}, whose CORR files need it`)
  return { configuration: { ...configuration, ...general }, constants, outcomes }
}

/** Whether it tells of one of these modules, which are corrected now; others stay in it. */
export function tellsOf(
  earlier: EarlierMetadata | undefined,
  { detector, modules }: { readonly detector: Detector; readonly modules: readonly { module: number }[] },
): boolean {
  const { constants, outcomes } = earlier ?? { constants: {}, outcomes: {} }
  return modules
    .map(({ module }) => `${detector.aggregator}${twoDigits(module)}`)
    .some(name => name in constants || name in outcomes)
}

/**
 * Constants and outcomes of modules that are not among `corrected`, data aggregators; each outcome says what was otherwise
 * than it is `now`.
 */
export function keptModules(
  { configuration, constants, outcomes }: EarlierMetadata,
  corrected: ReadonlySet<string>,
  now: Readonly<Record<string, unknown>>,
): Pick<EarlierMetadata, 'constants' | 'outcomes'> {
  const others = <T>(entries: Readonly<Record<string, T>>) =>
    Object.entries(entries).filter(([name]) => !corrected.has(name))
  const changed = Object.entries(configuration).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]),
  )
  const otherwise = (before: unknown) => ({
    ...Object.fromEntries(changed),
    ...(before as object | undefined),
  })
  return {
    constants: Object.fromEntries(others(constants)),
    outcomes: Object.fromEntries(
      others(outcomes).map(([name, outcome]) => [
        name,
        { ...outcome, [OTHERWISE]: otherwise(outcome[OTHERWISE]) },
      ]),
    ),
  }
}

/** The folder without symbolic links, if it is there still. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}
