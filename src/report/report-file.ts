import { closeSync, lstatSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { writing } from '../files/errors.js'
import { partOf } from '../files/parts.js'
import { writeWhole } from '../files/publish.js'
import { OutputError } from '../model/errors.js'

/** A kind of report: how its title begins, by which an earlier one is known, and the command that makes it. */
export interface ReportKind {
  readonly title: string
  readonly command: string
}

/** Finds what would keep a report from being written before the work is done, not after it. @throws OutputError */
export function requireReportPlace(path: string, kind: ReportKind): void {
  const part = partOf(path)
  writing(path, () => {
    refuseForeign(path, kind)
    writeFileSync(part, '')
    rmSync(part)
  })
}

/** Writes a report; an earlier one of its kind that is there is replaced, nothing else. @throws OutputError */
export async function writeReport(path: string, kind: ReportKind, html: string): Promise<void> {
  // What was done may have made what has this name now.
  writing(path, () => refuseForeign(path, kind))
  await writeWhole(path, part => writeFileSync(part, html))
}

/** Only an earlier report is replaced: any other file may be a RAW file, a catalogue or somebody's work. */
function refuseForeign(path: string, kind: ReportKind): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isFile() && isReport(path, kind)) return
  throw new OutputError(
    there?.isDirectory() ? 'is a folder' : `is not a report of detcal ${kind.command}, so it is not replaced`,
    { place: { file: path }, hint: 'Name another file for the report' },
  )
}

function isReport(path: string, { title }: ReportKind): boolean {
  const fd = openSync(path, 'r')
  try {
    const beginning = Buffer.alloc(512)
    const text = beginning.toString('utf8', 0, readSync(fd, beginning))
    return text.startsWith('<!doctype html>') && text.includes(`<title>${title} `)
  } finally {
    closeSync(fd)
  }
}
