import { basename } from 'node:path'
import { KITS } from '../../kits/index.js'
import type { DetectorKit } from '../../kits/kit.js'
import { openStoredRun } from '../../sources/run/stored-run.js'
import { assembledFigure, defaultTable } from '../assembled.js'
import { SEQUENTIAL, SHARE } from '../colours.js'
import { scaleOf } from '../figures.js'
import { htmlPage } from '../html.js'
import { lookList, verdictLine } from '../looks.js'
import { type ReportKind, writeReport } from '../report-file.js'
import type { CorrectedRun } from './corrected-run.js'
import { detailSections } from './details.js'
import { type RunQuality, runQuality } from './quality.js'
import { type RunSample, sampleRun } from './sample.js'

export const RUN_REPORT: ReportKind = { title: 'Correction of', command: 'correct' }

/**
 * Reads a corrected run back in part, and writes its report: one HTML page that needs nothing but itself, whose size depends
 * only on the number of modules. An earlier report that is there is replaced, nothing else.
 * @returns what it says, as data. @throws OutputError
 */
export async function writeRunReport(
  path: string,
  corrected: CorrectedRun,
  { signal, kits = KITS }: { readonly signal?: AbortSignal; readonly kits?: readonly DetectorKit[] } = {},
): Promise<RunQuality> {
  const sample = await readBack(corrected, kits, signal)
  const quality = runQuality(corrected, sample)
  await writeReport(path, RUN_REPORT, runReport(corrected, quality, sample))
  return quality
}

/** The page. */
export function runReport(corrected: CorrectedRun, quality: RunQuality, sample: RunSample): string {
  const { karaboId, run, proposal, looks, verdict, alarm } = quality
  const which = [
    proposal === undefined ? '' : `, proposal ${proposal}`,
    run === undefined ? '' : `, run ${run}`,
  ]
  return htmlPage(
    `${RUN_REPORT.title} ${karaboId}${which.join('')}`,
    [
      verdictLine(verdict, alarm),
      pictures(corrected, quality, sample),
      lookList(looks),
      detailSections(corrected, quality, [...corrected.problems, ...sample.problems]),
    ].join('\n'),
  )
}

/** Frames of the CORR files that this correction has written. */
async function readBack(
  { content, folder, modules }: CorrectedRun,
  kits: readonly DetectorKit[],
  signal: AbortSignal | undefined,
): Promise<RunSample> {
  const files = modules.flatMap(({ sequences }) => sequences.flatMap(({ output }) => output ?? []))
  // Files of sparse lists alone have no frames to read back.
  const isSparse = content.provenance.options['sparse'] === 'only'
  if (files.length === 0 || isSparse) return { frames: 0, modules: [], problems: [] }
  const run = await openStoredRun(folder, { detector: content.karaboId, kits, ...(signal && { signal }) })
  return sampleRun(run, new Set(files.map(file => basename(file))), signal)
}

/** The mean image and where pixels are bad, of a detector whose kit knows where pixels are. */
function pictures({ content }: CorrectedRun, { unit }: RunQuality, { modules, frames }: RunSample): string {
  const table = defaultTable(content.detector)
  if (table === undefined || modules.length === 0) return ''
  const of = (name: 'mean' | 'bad') => new Map(modules.map(each => [each.module as number, each[name]]))
  const [mean, bad] = [of('mean'), of('bad')]
  const share = { low: 0, high: Math.max(0.05, scaleOf([...bad.values()]).high) }
  const figures = [
    assembledFigure(`mean of ${frames} frames, ${unit}`, table, mean, {
      palette: SEQUENTIAL,
      scale: scaleOf([...mean.values()]),
    }),
    assembledFigure('share of frames in which a pixel is bad', table, bad, { palette: SHARE, scale: share }),
  ]
  return `<div class="plates">${figures.join('')}</div>
<p class="faint">Where pixels are by default, not as measured; seen along the beam.</p>`
}
