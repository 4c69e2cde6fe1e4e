import { closeSync, lstatSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
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
    `${TITLE} ${plan.karaboId}, ${runs.length === 1 ? 'run' : 'runs'} ${runs.join(', ')}`,
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
    refuseForeign(path)
    writeFileSync(temporary, '')
    rmSync(temporary)
  } catch (error) {
    throw asOutputError(error, path)
  }
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
export function writeDarkReport(path: string, plan: DarkPlan, outcome: DarkOutcome, software: string): void {
  const temporary = `${path}.part-${process.pid}`
  try {
    // The characterisation may have made what has this name now.
    refuseForeign(path)
    writeFileSync(temporary, darkReport(plan, outcome, software))
    replaceFile(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw asOutputError(error, path)
  }
}
