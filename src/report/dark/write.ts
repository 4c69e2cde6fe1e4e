import type { DarkOutcome } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { htmlPage } from '../html.js'
import { type ReportKind, writeReport } from '../report-file.js'
import { frontSection } from './front-section.js'
import { moduleSection, scalesOf } from './module-section.js'
import { summarySection } from './summary-section.js'

export const DARK_REPORT: ReportKind = { title: 'Dark characterisation of', command: 'dark' }

/**
 * The report of a characterisation: one self-contained HTML page, whose size depends only on the number of modules and
 * stages.
 */
export function darkReport(plan: DarkPlan, outcome: DarkOutcome, software: string): string {
  const scales = scalesOf(outcome.modules)
  const runs = [...new Set(plan.runs)].map(({ run }) => run.run ?? '?')
  return htmlPage(
    `${DARK_REPORT.title} ${plan.karaboId}, ${runs.length === 1 ? 'run' : 'runs'} ${runs.join(', ')}`,
    [
      frontSection(plan, outcome, scales),
      summarySection(plan, outcome, software),
      ...outcome.modules.map(module => moduleSection(module, scales, plan.limits)),
    ].join('\n'),
  )
}

/** Writes {@link darkReport}; an earlier report that is there is replaced, nothing else. @throws OutputError */
export async function writeDarkReport(
  path: string,
  plan: DarkPlan,
  outcome: DarkOutcome,
  software: string,
): Promise<void> {
  await writeReport(path, DARK_REPORT, darkReport(plan, outcome, software))
}
