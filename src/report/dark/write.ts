import { rmSync, statSync, writeFileSync } from 'node:fs'
import type { DarkOutcome } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { replaceFile } from '../../files/files.js'
import { asOutputError } from '../../files/output-folder.js'
import { OutputError } from '../../model/errors.js'
import { htmlPage } from '../html.js'
import { moduleSection, scalesOf } from './module-section.js'
import { summarySection } from './summary-section.js'

/**
 * The report of a characterisation: one HTML page that needs no other file, of a size that follows the number of
 * modules and stages alone.
 */
export function darkReport(plan: DarkPlan, outcome: DarkOutcome, software: string): string {
  const scales = scalesOf(outcome.modules)
  const runs = [...new Set(plan.runs)].map(({ run }) => run.run ?? '?')
  return htmlPage(
    `Dark characterisation of ${plan.karaboId}, ${runs.length === 1 ? 'run' : 'runs'} ${runs.join(', ')}`,
    [
      summarySection(plan, outcome, software),
      ...outcome.modules.map(module => moduleSection(module, scales, plan.limits)),
    ].join('\n'),
  )
}

/** What would keep a report from being written: told before the work, not after it. @throws OutputError */
export function requireReportPlace(path: string): void {
  const temporary = `${path}.part-${process.pid}`
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw new OutputError('is a folder', { place: { file: path }, hint: 'Name a file for the report' })
    writeFileSync(temporary, '')
    rmSync(temporary)
  } catch (error) {
    throw asOutputError(error, path)
  }
}

/** Writes {@link darkReport}; a report that is there is replaced. @throws OutputError */
export function writeDarkReport(path: string, plan: DarkPlan, outcome: DarkOutcome, software: string): void {
  const temporary = `${path}.part-${process.pid}`
  try {
    writeFileSync(temporary, darkReport(plan, outcome, software))
    replaceFile(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asOutputError(error, path)
  }
}
