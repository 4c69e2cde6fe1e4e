import { rmSync, statSync, writeFileSync } from 'node:fs'
import type { DarkOutcome } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { writing } from '../../files/errors.js'
import { partOf } from '../../files/parts.js'
import { writeWhole } from '../../files/publish.js'
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

/** Finds what would keep a report from being written before the work is done, not after it. @throws OutputError */
export function requireReportPlace(path: string): void {
  const part = partOf(path)
  writing(path, () => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw new OutputError('is a folder', { place: { file: path }, hint: 'Name a file for the report' })
    writeFileSync(part, '')
    rmSync(part)
  })
}

/** Writes {@link darkReport}; a report that is there is replaced. @throws OutputError */
export async function writeDarkReport(
  path: string,
  plan: DarkPlan,
  outcome: DarkOutcome,
  software: string,
): Promise<void> {
  await writeWhole(path, part => writeFileSync(part, darkReport(plan, outcome, software)))
}
