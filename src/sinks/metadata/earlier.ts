import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
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

/** One CORR file in the outcome of a module. */
const SEQUENCE = v.looseObject({ output: v.string(), [OTHERWISE]: v.fallback(TABLE, {}) })

/** What an earlier correction left of a module beside its new files, and how the metadata file goes on telling of it. */
export interface KeptFile {
  /** Name in the output folder. */
  readonly name: string
  /** For the module's `sequences`: as it was told, and what was otherwise. */
  readonly sequence: Readonly<Record<string, unknown>>
  /** Options that shape a result and were otherwise: others than which part of the run was selected. */
  readonly otherOptions: readonly string[]
}

/**
 * CORR files of the module `name` that an earlier correction made, that are there still, and that the new one, whose
 * `outputs` are known, does not replace.
 * @param now configuration, outcome and constants of the module, as they are told of the new one.
 */
export function keptFiles(
  { configuration, constants, outcomes }: EarlierMetadata,
  name: string,
  { folder, outputs }: { readonly folder: string; readonly outputs: readonly string[] },
  now: Readonly<Record<string, unknown>>,
): KeptFile[] {
  const { sequences, status: _, [OTHERWISE]: otherwise, ...outcome } = outcomes[name] ?? {}
  const before = {
    ...configuration,
    ...outcome,
    constants: constants[name],
    ...(otherwise as object | undefined),
  }
  const names = new Set(outputs.map(output => basename(output)))
  return (Array.isArray(sequences) ? sequences : []).flatMap((sequence: unknown) => {
    const found = v.safeParse(SEQUENCE, sequence)
    if (!found.success) return []
    const { output, [OTHERWISE]: own, ...told } = found.output
    const file = basename(output)
    if (names.has(file) || !existsSync(join(folder, file))) return []
    const changed = Object.entries({ ...before, ...own }).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]),
    )
    return {
      name: file,
      sequence: { ...told, output, [OTHERWISE]: Object.fromEntries(changed) },
      otherOptions: changed.map(([key]) => key).filter(key => !SELECTING.has(key)),
    }
  })
}

/** What may differ between files that belong together: which part of a run they are, where and when they were made. */
const SELECTING: ReadonlySet<string> = new Set([
  ...['modules', 'sequences', 'in-folder', 'out-folder', 'created', 'cells-without-constants'],
])

/** The folder without symbolic links, if it is there still. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}
