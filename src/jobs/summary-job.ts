import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Detector } from '../detectors/detector.js'
import { PhaseTotals } from '../engine/contract/phase-times.js'
import { type ModuleOutcome, moduleOutcome, type SequenceOutcome } from '../engine/run/outcome.js'
import { contentOf } from '../files/content.js'
import { OutputFolder } from '../files/output-folder.js'
import { KITS } from '../kits/index.js'
import { DataError } from '../model/errors.js'
import { writeRunReport } from '../report/run/write.js'
import { earlierMetadata } from '../sinks/metadata/earlier.js'
import { metadataPath, writeMetadataFile } from '../sinks/metadata/metadata-file.js'
import { type CompletedDetector, type CompletedFile, writeCompletion } from './completion.js'
import type { PartOutcome } from './correct-job.js'
import { CORRECTED_EVENT } from './events.js'
import { type JobTask, readResult, writeJson } from './job-files.js'
import { type JobPlan, type PlannedDetector, readPlan } from './plan-job.js'
import { reportNames } from './report-files.js'
import { runFolders } from './run-key.js'

/** What a summary tells the service. */
export interface SummaryOutcome {
  /** Sequences, by file, that could not be corrected, and other errors. */
  readonly problems: number
}

/**
 * Joins what the parts of a request tell: writes the metadata file of each detector, and last the completion file.
 * @throws DataError if a part tells nothing, a file of it has gone, or nothing could be corrected. @throws BusyError if
 * another process writes into the proc folder.
 */
export async function summaryJob(folder: string, task: JobTask): Promise<SummaryOutcome> {
  const { raw, proc } = runFolders(task.root, task.run)
  const plan = readPlan(folder)
  const out = OutputFolder.open(proc, { overwrite: true, sync: true })
  try {
    const detectors: [string, CompletedDetector][] = []
    for (const planned of plan.detectors)
      detectors.push([planned.karaboId, await summarise(out, raw, planned, { folder, task, plan })])
    const completed = detectors.map(([, detector]) => detector)
    if (completed.every(({ status }) => status === 'failed'))
      throw new DataError(completed.flatMap(({ problems }) => problems)[0] ?? 'nothing could be corrected', {
        place: { file: raw },
      })
    await writeCompletion(out, {
      event: CORRECTED_EVENT,
      ...task.run,
      detectors: Object.fromEntries(detectors),
    })
    return { problems: completed.reduce((sum, { problems }) => sum + problems.length, 0) }
  } finally {
    out.close()
  }
}

async function summarise(
  out: OutputFolder,
  raw: string,
  planned: PlannedDetector,
  { folder, task, plan }: { readonly folder: string; readonly task: JobTask; readonly plan: JobPlan },
): Promise<CompletedDetector> {
  const { karaboId, provenance } = planned
  const parts = plan.parts
    .filter(part => part.karaboId === karaboId)
    .map(({ name }) => outcomeOf(folder, name))
  const modules = mergedModules(parts)
  const metadata = metadataPath(out.path, karaboId)
  // Several, if detcal was replaced meanwhile.
  const software = [...new Set(parts.map(part => part.software))].join(', ')
  const made = { software, created: task.created }
  const usable = modules.some(({ status }) => status !== 'failed')
  const content = {
    ...{ detector: detectorOf(planned), karaboId, input: raw },
    provenance: { ...made, ...provenance },
    modules: planned.modules.map(({ module, pdu, constants, outcome }) => ({
      ...{ module, pdu, constants: new Map(constants.map(([name, version]) => [name, revived(version)])) },
      outcome: { ...outcome, ...toldOf(modules, module) },
    })),
  }
  if (usable) await writeMetadataFile(out, metadata, content, await earlierMetadata(metadata, raw))
  const told = parts.flatMap(part => part.problems)
  const problems = told.filter(({ severity }) => severity === 'error')
  const sequences = modules.flatMap(({ module, sequences }) => sequences.map(each => ({ module, ...each })))
  const report = reportNames(karaboId)
  const quality = await writeRunReport(join(out.path, report.page), {
    ...{ content, folder: out.path, run: task.run, modules },
    // Each part has looked at the whole run.
    problems: [...new Map(told.map(problem => [JSON.stringify(problem), problem])).values()],
    modulePhases: summedPhases(parts),
  })
  await writeJson(join(out.path, report.data), quality)
  const files: CompletedFile[] = []
  for (const { module, output, trains, frames } of sequences)
    if (output !== undefined)
      files.push({
        ...{ name: basename(output), module, trains, frames },
        ...(await sizeOf(output, task.checksums)),
      })
  return {
    request: task.id,
    status: !usable ? 'failed' : problems.length > 0 ? 'partial' : 'corrected',
    completed: new Date().toISOString(),
    software,
    ...(usable && { metadata: basename(metadata) }),
    ...{ report: report.page, verdict: quality.verdict },
    trains: Math.max(0, ...modules.map(trainsOf)),
    frames: files.reduce((sum, { frames }) => sum + frames, 0),
    modules: Object.fromEntries(modules.map(each => [each.module, summaryOf(each)])),
    files,
    problems: [
      ...new Set(problems.map(({ place, message }) => [place.file, message].filter(Boolean).join(': '))),
    ],
  }
}

function outcomeOf(folder: string, name: string): PartOutcome {
  const result = readResult<PartOutcome>(folder, { name, attempt: 0 })
  if (result !== undefined && 'value' in result) return result.value
  throw new DataError(`part ${name} has told nothing`, { place: { file: folder } })
}

/** Modules as one correction of all sequences would tell of them. */
function mergedModules(parts: readonly PartOutcome[]): ModuleOutcome[] {
  const all = parts.flatMap(({ modules }) => modules)
  const numbers = [...new Set(all.map(({ module }) => module))].sort((a, b) => a - b)
  return numbers.map(number => {
    const own = all.filter(({ module }) => module === number)
    const byInput = new Map<string, SequenceOutcome>(
      own.flatMap(({ sequences }) => sequences).map(sequence => [sequence.input, sequence]),
    )
    const cells = new Set(own.flatMap(({ cellsWithoutConstants }) => cellsWithoutConstants))
    return moduleOutcome(
      number,
      [...byInput.values()],
      [...cells].sort((a, b) => a - b),
    )
  })
}

/** Thread time by module, of all parts together. */
function summedPhases(parts: readonly PartOutcome[]): PartOutcome['modulePhases'] {
  const totals = new PhaseTotals()
  for (const { module, phases } of parts.flatMap(({ modulePhases }) => modulePhases))
    totals.of(module).merge(phases)
  return totals.byModule()
}

function toldOf(modules: readonly ModuleOutcome[], number: number): Record<string, unknown> {
  const found = modules.find(({ module }) => module === number)
  if (found === undefined) return {}
  const { status, sequences, cellsWithoutConstants } = found
  return { status, 'cells-without-constants': cellsWithoutConstants, sequences }
}

const trainsOf = ({ sequences }: ModuleOutcome) =>
  sequences.reduce((sum, { trains, output }) => sum + (output === undefined ? 0 : trains), 0)

function summaryOf(outcome: ModuleOutcome): CompletedDetector['modules'][string] {
  const whole = outcome.sequences.filter(({ output }) => output !== undefined)
  return {
    status: outcome.status,
    trains: trainsOf(outcome),
    frames: whole.reduce((sum, { frames }) => sum + frames, 0),
  }
}

/** @throws DataError if the file has gone. */
async function sizeOf(
  path: string,
  checksums: boolean,
): Promise<{ readonly bytes: number; readonly sha256?: string }> {
  const info = statSync(path, { throwIfNoEntry: false })
  if (info === undefined) throw new DataError('was corrected, and has gone', { place: { file: path } })
  return { bytes: info.size, ...(checksums && { sha256: (await contentOf(path)).sha256 }) }
}

function detectorOf({ detector: id, karaboId }: PlannedDetector): Detector {
  const found = KITS.map(({ detector }) => detector).find(detector => detector.id === id)
  if (found === undefined) throw new DataError(`${karaboId} is no detector that is known`)
  return found
}

/** JSON has no times. */
function revived<T extends { readonly beginAt: Date }>(version: T): T {
  return { ...version, beginAt: new Date(version.beginAt) }
}
