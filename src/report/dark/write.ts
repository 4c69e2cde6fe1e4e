import { closeSync, lstatSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { DarkOutcome } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { writing } from '../../files/errors.js'
import { partOf } from '../../files/parts.js'
import { writeWhole } from '../../files/publish.js'
import { OutputError } from '../../model/errors.js'
import { htmlPage } from '../html.js'
import { frontSection } from './front-section.js'
import { moduleSection, scalesOf } from './module-section.js'
import { summarySection } from './summary-section.js'

/**
 * The report of a characterisation: one self-contained HTML page, whose size depends only on the number of modules and
 * stages.
 */
export function darkReport(plan: DarkPlan, outcome: DarkOutcome, software: string): string {
  const scales = scalesOf(outcome.modules)
  const runs = [...new Set(plan.runs)].map(({ run }) => run.run ?? '?')
  return htmlPage(
    `${TITLE} ${plan.karaboId}, ${runs.length === 1 ? 'run' : 'runs'} ${runs.join(', ')}`,
    [
      frontSection(plan, outcome, scales),
      summarySection(plan, outcome, software),
      ...outcome.modules.map(module => moduleSection(module, scales, plan.limits)),
    ].join('\n'),
  )
}

/** Finds what would keep a report from being written before the work is done, not after it. @throws OutputError */
export function requireReportPlace(path: string): void {
  const part = partOf(path)
  writing(path, () => {
    refuseForeign(path)
    writeFileSync(part, '')
    rmSync(part)
  })
}

const TITLE = 'Dark characterisation of'

/** Only an earlier report is replaced: any other file may be a RAW file, a catalogue or somebody's work. */
function refuseForeign(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isFile() && isReport(path)) return
  throw new OutputError(
    there?.isDirectory() ? 'is a folder' : 'is not a report of detcal dark, so it is not replaced',
    { place: { file: path }, hint: 'Name another file for the report' },
  )
}

function isReport(path: string): boolean {
  const fd = openSync(path, 'r')
  try {
    const beginning = Buffer.alloc(512)
    const text = beginning.toString('utf8', 0, readSync(fd, beginning))
    return text.startsWith('<!doctype html>') && text.includes(`<title>${TITLE} `)
  } finally {
    closeSync(fd)
  }
}

/** Writes {@link darkReport}; an earlier report that is there is replaced, nothing else. @throws OutputError */
export async function writeDarkReport(
  path: string,
  plan: DarkPlan,
  outcome: DarkOutcome,
  software: string,
): Promise<void> {
  // The characterisation may have made what has this name now.
  writing(path, () => refuseForeign(path))
  await writeWhole(path, part => writeFileSync(part, darkReport(plan, outcome, software)))
}
