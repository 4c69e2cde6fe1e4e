import { existsSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { compareFiles } from '../comparison/compare-files.js'
import { type CorrectionPlan, onlyFiles } from '../engine/plan/plan.js'
import { readConfig } from '../engine/run/config.js'
import {
  type ExecutionOptions,
  executeCorrection,
  type MachineOptions,
  type PreparedCorrection,
  prepareCorrection,
} from '../engine/run/prepare.js'
import { isDetcalError } from '../model/errors.js'
import { given } from '../model/given.js'
import type { Problem } from '../model/problem.js'
import type { ReproducedFile } from './outcome.js'
import type { RecordedFile } from './recorded-correction.js'
import type { Take } from './takes.js'

/** What a correction that is made again may use, and whom it tells of its progress. */
export interface AgainOptions
  extends MachineOptions,
    Pick<ExecutionOptions, 'cache' | 'engine' | 'onProgress'> {
  /** Told of the totals of each correction before its first module. */
  readonly onPlan?: (totals: CorrectionPlan['totals']) => void
}

/** Where a correction is made again. */
export interface AgainPlaces {
  readonly run: string
  readonly constantsRoot: string | undefined
  /** For files that go when they have been compared. */
  readonly folder: string
}

/** Files that were made again, and what was wrong on the way. */
export interface TakenAgain {
  readonly files: readonly ReproducedFile[]
  readonly problems: readonly Problem[]
}

/** Makes the files of a take again, module by module, so that those of one are on disk at a time, and compares them. */
export async function takeAgain(
  { metadata, files }: Take,
  { run, constantsRoot, folder }: AgainPlaces,
  options: AgainOptions,
): Promise<TakenAgain> {
  const { onPlan, onProgress, cache, engine, ...machine } = options
  const out = join(folder, 'proc')
  const { request } = await readConfig(metadata)
  let prepared: PreparedCorrection
  try {
    const asked = { ...request, run, out, constantsFrom: metadata, ...given({ constantsRoot }) }
    prepared = await prepareCorrection(asked, machine)
  } catch (error) {
    if (!isDetcalError(error, 'data')) throw error
    const { message, place } = error
    const problem = { check: 'not_reproduced', severity: 'error' as const, message, place }
    return { files: files.map(notMade), problems: [problem] }
  }
  const { plan } = prepared
  const names = new Set(files.map(({ path }) => basename(path)))
  const whole = onlyFiles(plan, ({ output = '' }) => names.has(basename(output)))
  onPlan?.(whole.totals)
  const problems: Problem[] = [...plan.problems]
  const compared: ReproducedFile[] = []
  let before = 0
  for (const module of whole.modules) {
    const part = onlyFiles({ ...whole, modules: [module] }, () => true)
    const outcome = await executeCorrection(
      { ...prepared, plan: part },
      {
        ...given({ cache, engine, signal: machine.signal }),
        ...(onProgress && { onProgress: (done: number) => onProgress(before + done) }),
        ...{ part: 'reproduce', sync: false },
      },
    )
    before += part.totals.frames
    problems.push(...outcome.problems.filter(problem => !plan.problems.includes(problem)))
    for (const file of files)
      if (file.module === module.module)
        compared.push(await comparedWith(file, join(out, basename(file.path))))
    rmSync(out, { recursive: true, force: true })
  }
  const done = new Set(compared.map(({ file }) => file))
  return { files: [...compared, ...files.filter(({ path }) => !done.has(path)).map(notMade)], problems }
}

/** A file, held against the one that was made again. */
async function comparedWith(file: RecordedFile, again: string): Promise<ReproducedFile> {
  const { path, module } = file
  if (!existsSync(again) || !existsSync(path)) return notMade(file)
  const comparison = await compareFiles(path, again)
  const status = comparison.differences.length === 0 ? 'equal' : 'different'
  return { file: path, module, status, ...comparison }
}

function notMade({ path, module }: RecordedFile): ReproducedFile {
  const status = existsSync(path) ? 'not reproduced' : 'missing'
  return { file: path, module, status, datasets: 0, differences: [] }
}
