import { join } from 'node:path'
import { darkRun } from '../engine/dark/dark-run.js'
import { enteredText } from '../engine/dark/outcome.js'
import { prepareDark } from '../engine/dark/prepare.js'
import { software } from '../files/version.js'
import { DataError } from '../model/errors.js'
import { given } from '../model/given.js'
import { DARK_REPORT, darkReport } from '../report/dark/write.js'
import { writeReport } from '../report/report-file.js'
import { scanRunFolder } from '../sources/run/run-folder.js'
import type { JobTask } from './job-files.js'
import { requireBelow, runFolders } from './run-key.js'

/** Name of the one job of a dark request. */
export const DARK_JOB = 'dark'

/** What a characterisation tells of what it did. */
export interface DarkJobOutcome {
  /** Karabo name of the detector. */
  readonly karaboId: string
  /** Modules, and other things, that could not be characterised. */
  readonly problems: number
  /** `64 constants entered`. */
  readonly verdict: string
}

/** The report of a dark request, in its folder. */
export function darkReportPath(folder: string): string {
  return join(folder, 'dark.html')
}

/**
 * Characterises the runs of a dark request as `detcal dark` does, into the service's catalogue: in one transaction, so that a job
 * that is killed has entered nothing, and one that is started again finds what it entered.
 * @throws as {@link prepareDark} and {@link darkRun}. @throws UsageError if a file leads out of the proposal tree.
 */
export async function darkJob(
  folder: string,
  task: JobTask,
  { signal, say }: { readonly signal: AbortSignal; readonly say?: (line: string) => void },
): Promise<DarkJobOutcome> {
  const { dark, root, run, catalogue, workers, memory } = task
  if (dark === undefined) throw new DataError('it names no dark runs', { place: { file: folder } })
  const runs: Record<string, string> = {}
  for (const [stage, number] of Object.entries(dark.runs)) {
    if (number === undefined) continue
    const { raw } = runFolders(root, { ...run, run: number })
    for (const { path } of (await scanRunFolder(raw, signal)).files) requireBelow(root, path)
    runs[stage] = raw
  }
  const request = {
    runs,
    catalogue,
    ...given(dark, ['modules']),
    ...(task.detector && { detector: task.detector }),
  }
  const plan = await prepareDark(request, given({ workers, memory, signal }))
  say?.(`${plan.modules.length} modules of ${plan.karaboId}`)
  const outcome = await darkRun(plan, { catalogue, software: software(), signal })
  await writeReport(darkReportPath(folder), DARK_REPORT, darkReport(plan, outcome, software()))
  const verdict = `${outcome.modules.length} of ${plan.modules.length} modules are characterised; ${enteredText(outcome)}.`
  say?.(verdict)
  const problems = outcome.problems.filter(({ severity }) => severity === 'error').length
  return { karaboId: plan.karaboId, problems, verdict }
}
