import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type PreparedCorrection, prepareCorrection } from '../engine/run/prepare.js'
import type { CorrectionRequest } from '../engine/run/request.js'
import { runMetadata } from '../engine/run/run-metadata.js'
import { requireFree } from '../files/free-space.js'
import { OutputFolder } from '../files/output-folder.js'
import { software } from '../files/version.js'
import { DataError } from '../model/errors.js'
import type { Problem } from '../model/problem.js'
import { earlierMetadata, tellsOf } from '../sinks/metadata/earlier.js'
import {
  metadataPath,
  type NamedConstant,
  type RunMetadata,
  writeMetadataFile,
} from '../sinks/metadata/metadata-file.js'
import type { Provenance } from '../sinks/metadata/provenance.js'
import { moduleSource, scanRunFolder } from '../sources/run/run-folder.js'
import { type JobTask, readJson, writeJson } from './job-files.js'
import { requireBelow, runFolders } from './run-key.js'
import { splitSequences } from './split.js'

/** A part of a request: all modules of a detector, of some sequences. */
export interface PlannedPart {
  /** Of its job, `correct-<n>`. */
  readonly name: string
  readonly karaboId: string
  readonly sequences: readonly number[]
}

/** What is to be done for one detector of the run. */
export interface PlannedDetector {
  readonly karaboId: string
  /** Its id: `agipd1m`. */
  readonly detector: string
  /** What each part is asked for: the constants are those that were looked up once, for the whole run. */
  readonly request: CorrectionRequest
  readonly provenance: PreparedCorrection['provenance']
  /** What the metadata file says before the outcomes are known; constants as `[name, version]`. */
  readonly modules: readonly (Omit<RunMetadata['modules'][number], 'constants'> & {
    readonly constants: readonly (readonly [string, NamedConstant])[]
  })[]
  readonly problems: readonly Problem[]
}

/** What a request comes to: kept in its folder, from where its other jobs read it. */
export interface JobPlan {
  /** RAW files as they were: size and time of change, by name. A part refuses others. */
  readonly files: Readonly<Record<string, string>>
  readonly detectors: readonly PlannedDetector[]
  readonly parts: readonly PlannedPart[]
}

/**
 * Opens the run of a request, looks up its constants, and splits its sequences: nothing is written but in the folder of the
 * request.
 * @throws as {@link prepareCorrection}. @throws OutputError if results are there that it does not replace.
 */
export async function planJob(
  folder: string,
  task: JobTask,
  signal: AbortSignal,
): Promise<Pick<JobPlan, 'parts'>> {
  const { raw, proc } = runFolders(task.root, task.run)
  const scanned = await scanRunFolder(raw, signal)
  for (const { path } of scanned.files) requireBelow(task.root, path)
  const files = filesOf(scanned.files.map(({ path }) => path))
  const found = new Set(
    scanned.files.flatMap(({ instrumentSources }) =>
      instrumentSources.flatMap(source => moduleSource(source)?.karaboId ?? []),
    ),
  )
  const named = task.detector === '' ? [...found].sort() : [task.detector]
  if (named.length === 0) throw new DataError('holds no data of a known detector', { place: { file: raw } })
  const detectors: PlannedDetector[] = []
  const parts: PlannedPart[] = []
  for (const karaboId of named) {
    const { detector, sequences } = await planDetector(folder, task, karaboId, { raw, proc, signal })
    detectors.push(detector)
    for (const part of splitSequences(sequences, task.maxJobs))
      parts.push({ name: `correct-${String(parts.length).padStart(2, '0')}`, karaboId, sequences: part })
  }
  const plan = { files, detectors, parts }
  await writeJson(join(folder, PLAN_NAME), plan)
  return { parts }
}

const PLAN_NAME = 'plan.json'

/** The plan of the request whose folder this is. @throws DataError if there is none. */
export function readPlan(folder: string): JobPlan {
  const plan = readJson(join(folder, PLAN_NAME)) as JobPlan | undefined
  if (plan === undefined) throw new DataError('it was not planned', { place: { file: folder } })
  return plan
}

/** Size and time of change of files, by name. @throws the system's error */
export function filesOf(paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    paths.map(path => {
      const { size, mtimeMs } = statSync(path)
      return [basename(path), `${size} ${mtimeMs}`]
    }),
  )
}

async function planDetector(
  folder: string,
  task: JobTask,
  karaboId: string,
  { raw, proc, signal }: { readonly raw: string; readonly proc: string; readonly signal: AbortSignal },
): Promise<{ readonly detector: PlannedDetector; readonly sequences: readonly number[] }> {
  const { workers, memory, catalogue, overwrite, created } = task
  const whole = { ...task.options, run: raw, out: proc, detector: karaboId }
  const use = { ...(workers !== undefined && { workers }), ...(memory !== undefined && { memory }), signal }
  const { plan, provenance } = await prepareCorrection({ ...whole, catalogue }, use)
  const content = runMetadata(plan, [], { software: software(), created, ...provenance })
  const outputs = plan.modules.flatMap(({ sequences }) => sequences.flatMap(({ output }) => output ?? []))
  const metadata = metadataPath(proc, karaboId)
  const earlier = await earlierMetadata(metadata, raw)
  const out = OutputFolder.open(proc, { overwrite, sync: true })
  try {
    out.refuseExisting([...outputs, ...(tellsOf(earlier, plan) ? [metadata] : [])])
    requireFree(proc, plan.totals.outputBytes)
  } finally {
    out.close()
  }
  const constants = await writeConstants(folder, content)
  return {
    detector: {
      karaboId,
      detector: plan.detector.id,
      request: { ...whole, constantsFrom: constants },
      provenance,
      modules: content.modules.map(module => ({
        ...module,
        constants: [...module.constants].map(([name, version]) => [name, named(version)]),
      })),
      problems: plan.problems,
    },
    sequences: plan.modules.flatMap(({ sequences }) => sequences.map(({ joined }) => joined.file.sequence)),
  }
}

/** Without the checksums of its elements. */
function named({ id, beginAt, dataset, path, sha256, dims }: NamedConstant): NamedConstant {
  return { id, beginAt, dataset, path, sha256, dims }
}

/** The constants that were looked up, as the metadata file of a correction names them. */
async function writeConstants(
  folder: string,
  content: RunMetadata & { readonly provenance: Provenance },
): Promise<string> {
  const path = metadataPath(folder, content.karaboId)
  const out = OutputFolder.open(folder, { overwrite: true, sync: true })
  try {
    await writeMetadataFile(out, path, content)
    return path
  } finally {
    out.close()
  }
}
