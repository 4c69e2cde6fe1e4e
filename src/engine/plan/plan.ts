import { join, resolve } from 'node:path'
import type { ModuleConstants } from '../../../constants/catalogue/catalogue.js'
import { type Detector, pixelsOf, rawFrameBytes } from '../../detectors/detector.js'
import { DataError, UsageError } from '../../model/errors.js'
import { given } from '../../model/given.js'
import { type ModuleIndex, NO_CELL, storedPulse } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { type FramePulses, framePulses } from '../../sinks/corr/frame-columns.js'
import { metadataPath } from '../../sinks/metadata/metadata-file.js'
import type { JoinedFile, JoinedRun, JoinedTrain } from '../../sources/run/join.js'
import type { PulseTable } from '../../sources/run/pulse-table.js'
import { positionsList } from '../../sources/run/query.js'
import type { Run } from '../../sources/run/run.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import { type LanePlan, planLanes } from './budget.js'
import { ofFileOf, reductionDemand } from './file-images.js'
import { type ChainInput, type ResolvedModule, resolveModule } from './module-chain.js'
import { correctedNames } from './output-names.js'

/** What a plan is made of; nothing is read while it is made. */
export interface PlanInput extends Pick<ChainInput, 'steps' | 'remedy' | 'namesMask'> {
  readonly run: Run
  readonly joined: JoinedRun
  readonly constants: ReadonlyMap<ModuleIndex, ModuleConstants>
  readonly output: OutputRequest
  /** Absent: nothing beside the frames. */
  readonly derived?: DerivedPlan
  readonly pulses?: PulseTable
  readonly workers: number
  /** Bytes, see `memoryBudget`. */
  readonly memory: number
}

/** What is made of corrected frames beside themselves. */
export interface DerivedPlan {
  /** Lit pixels are those above this value. */
  readonly litThreshold?: number
  /** Lists of pixels that are not zero or depart from their cell's mask: beside the frames, or only these. */
  readonly sparse?: 'beside' | 'only'
  /** Absent: hits are not looked for. */
  readonly hits?: HitPlan
}

/** How hits are found. */
export interface HitPlan {
  /** Trains of the whole detector. */
  readonly trains: readonly JoinedTrain[]
  /** Misses that are drawn for each hit. */
  readonly missRatio: number
  /** Energies of the frames' pulses that scores are scaled by, µJ; absent: they are not. */
  readonly energies?: Float32Array
}

export interface OutputRequest {
  readonly folder: string
  /** CORR files, one for each module of each RAW file. */
  readonly corrected: boolean
  /** Path of the combined file. */
  readonly combined?: string
}

/** A module's part of a RAW file, and the CORR file that is made of it. */
export interface SequencePlan {
  readonly joined: JoinedFile
  /** Path of the CORR file; undefined with `--no-corr`. */
  readonly output: string | undefined
}

/** One module that will be corrected. */
export interface ModulePlan extends ResolvedModule {
  readonly module: ModuleIndex
  /** Cell ids whose constants become resident, ascending: lane order. */
  readonly cells: readonly number[]
  readonly sequences: readonly SequencePlan[]
}

/** What the correction of its blocks must know of a module; `pixels` of one that is read from files. */
export function correctionOf(plan: ModulePlan, pixels?: number): ModuleCorrection {
  const { module, chain } = plan
  const ofFile = pixels === undefined ? undefined : ofFileOf(plan, pixels)
  const { kernel, planes, maskPlane, rawFrames, finishing } = chain
  return {
    module,
    kernel,
    planes: planes.length,
    rawFrames,
    ...given({ maskPlane, finishing, ofFile }),
  }
}

export interface CombinedPlan {
  readonly path: string
  /** Of each frame. */
  readonly trainIds: Float64Array
  readonly pulseIds: BigUint64Array
  /** Number of each train's first frame. */
  readonly firstFrames: ReadonlyMap<number, number>
  /** `[frame][module]`, 0 where missing. */
  readonly cellIds: Uint16Array
  /** Energies and indices of each frame's X-ray pulses; absent: not asked for. */
  readonly pulses?: FramePulses
}

/** What is read, corrected and written, and in how much memory. */
export interface CorrectionPlan {
  readonly detector: Detector
  readonly run: Run
  readonly modules: readonly ModulePlan[]
  readonly combined: CombinedPlan | undefined
  readonly lanes: LanePlan
  readonly workers: number
  readonly totals: PlanTotals
  /** What is made of the frames beside themselves. */
  readonly derived: DerivedPlan
  /** What the files tell of the X-ray pulses of each frame; absent: nothing. */
  readonly pulses?: PulseTable
  /** What is wrong already: of the run, of its joining, modules without constants, steps without theirs. */
  readonly problems: readonly Problem[]
}

/** What a correction, or a characterisation, has to do. */
export interface PlanTotals {
  /** Trains of all runs. */
  readonly trains: number
  /** Module frames: one frame of one module counts one. */
  readonly frames: number
  /** Of how many the frames of the whole detector were selected: those of the same trains. Absent: all are. */
  readonly selected?: { readonly frames: number; readonly of: number }
  readonly rawBytes: number
  /** Least bytes the outputs take; of a correction f32 data, plus what deflated gain and mask usually take. */
  readonly outputBytes: number
}

/** Deflated gain and mask are a percent or two of their size; a tenth leaves room for rather dense ones. */
const PACKED_SHARE = 0.1

/**
 * Plans the correction of a joined run: a pure function, which `--dry-run` prints and tests compare.
 * @throws UsageError if the memory does not hold one module's constants, or two outputs would have one name. @throws DataError if nothing is left to correct.
 */
export function planCorrection(input: PlanInput): CorrectionPlan {
  const { run, joined, output } = input
  const { detector } = run
  const problems: Problem[] = [...joined.problems]
  const modules: ModulePlan[] = []
  const names = correctedNames(run)
  for (const [module, files] of joined.modules) {
    const constants = input.constants.get(module)
    const resolved = resolveModule(
      { ...input, kit: run.kit, rawFrames: run.rawFrames },
      module,
      constants,
      problems,
    )
    if (resolved === undefined) continue
    const cells = cellsOf(files, detector)
    const sequences = files.map(joined => ({
      joined,
      output: output.corrected ? join(output.folder, names(module, joined.file)) : undefined,
    }))
    if (sequences.some(({ joined }) => joined.frames > 0))
      modules.push({ module, ...resolved, cells, sequences })
    else problems.push(noFrames(module))
  }
  if (modules.length === 0) throw nothingToCorrect(run, problems)
  requireDifferent(modules, output, metadataPath(output.folder, run.karaboId))
  const { frames, framesThere } = joined
  const totals = {
    ...totalsOf(modules, joined.trains.length, run, output),
    ...(frames < framesThere && { selected: { frames, of: framesThere } }),
  }
  const lanes = planLanes(
    {
      pixels: pixelsOf(detector),
      rawFrameBytes: run.rawFrames * rawFrameBytes(detector),
      cells: Math.max(...modules.map(({ cells }) => cells.length)),
      planes: Math.max(...modules.map(({ chain }) => chain.planes.length)),
      modules: modules.length,
      ...given({ reduction: reductionDemand(modules, detector) }),
    },
    input.workers,
    input.memory,
  )
  const combined =
    output.combined === undefined ? undefined : combinedPlan(output.combined, joined, detector, input.pulses)
  const { workers, derived = {}, pulses } = input
  return { detector, run, modules, combined, lanes, workers, totals, derived, ...given({ pulses }), problems }
}

/**
 * The part of a plan that these sequences are. Modules were joined, and their frames chosen, as of the whole: every file is
 * what it would be in the whole.
 */
export function onlySequences(plan: CorrectionPlan, sequences: readonly number[]): CorrectionPlan {
  return onlyFiles(plan, ({ joined }) => sequences.includes(joined.file.sequence))
}

/** As {@link onlySequences}, of the sequences that are `wanted`. */
export function onlyFiles(plan: CorrectionPlan, wanted: (sequence: SequencePlan) => boolean): CorrectionPlan {
  const modules = plan.modules.flatMap(module => {
    const chosen = module.sequences.filter(wanted)
    return chosen.length === 0 ? [] : [{ ...module, sequences: chosen }]
  })
  const output = { folder: '', corrected: true }
  return { ...plan, modules, totals: totalsOf(modules, trainsOf(modules), plan.run, output) }
}

/** Trains that some of the files have. */
function trainsOf(modules: readonly ModulePlan[]): number {
  const files = modules.flatMap(({ sequences }) => sequences.map(({ joined }) => joined))
  return new Set(files.flatMap(({ trains }) => trains.map(({ trainId }) => trainId))).size
}

function nothingToCorrect(run: Run, problems: readonly Problem[]): DataError {
  const first = problems.find(({ severity }) => severity === 'error')
  const { module, file } = first?.place ?? {}
  const where = [module === undefined ? undefined : `module ${module}`, file].filter(
    part => part !== undefined,
  )
  const more = first ? `: ${[...where, first.message.replace(/^not corrected: /, '')].join(', ')}` : ''
  return new DataError(`no module can be corrected${more}`, { place: { file: run.path } })
}

function noFrames(module: ModuleIndex): Problem {
  return {
    check: 'module_without_frames',
    severity: 'warning',
    message: 'has no selected frame, so no file is written',
    place: { module },
  }
}

/** Cell ids that the selected frames use, ascending; {@link NO_CELL} for all that the detector does not have. */
function cellsOf(files: readonly JoinedFile[], { maxCells }: Detector): number[] {
  const used = new Set<number>()
  for (const { file, trains } of files) {
    for (const { rows } of trains)
      for (const row of positionsList(rows)) {
        const cell = file.cellIds[row] ?? 0
        used.add(cell < maxCells ? cell : NO_CELL)
      }
  }
  return [...used].sort((a, b) => a - b)
}

/** Frame number in the combined file of each train's first frame. */
function firstFrameOfTrain(joined: JoinedRun): Map<number, number> {
  const first = new Map<number, number>()
  let frames = 0
  for (const { trainId, pulseIds } of joined.trains) {
    first.set(trainId, frames)
    frames += pulseIds.length
  }
  return first
}

/** Of two outputs of one name only the last would be left. @throws UsageError */
function requireDifferent(
  modules: readonly ModulePlan[],
  { combined }: OutputRequest,
  metadata: string,
): void {
  const outputs = modules.flatMap(({ sequences }) => sequences.flatMap(({ output }) => output ?? []))
  const seen = new Set<string>()
  for (const path of [...outputs, metadata, ...(combined === undefined ? [] : [combined])]) {
    const key = resolve(path).toLowerCase()
    if (seen.has(key))
      throw new UsageError('two results would have this name', {
        place: { file: path },
        hint: 'Choose another --combined, or another --out',
      })
    seen.add(key)
  }
}

function combinedPlan(
  path: string,
  joined: JoinedRun,
  detector: Detector,
  table: PulseTable | undefined,
): CombinedPlan {
  const firstFrames = firstFrameOfTrain(joined)
  const trainIds = new Float64Array(joined.frames)
  const pulseIds = new BigUint64Array(joined.frames)
  for (const train of joined.trains) {
    const first = firstFrames.get(train.trainId) ?? 0
    trainIds.fill(train.trainId, first, first + train.pulseIds.length)
    for (const [i, id] of train.pulseIds.entries())
      pulseIds[first + i] = storedPulse(id, train.widePulseIds?.get(i))
  }
  const cellIds = new Uint16Array(joined.frames * detector.moduleCount)
  for (const [module, files] of joined.modules) {
    for (const { file, trains } of files) {
      for (const { trainId, rows } of trains) {
        const first = firstFrames.get(trainId) ?? 0
        positionsList(rows).forEach((row, position) => {
          cellIds[(first + position) * detector.moduleCount + module] = file.cellIds[row] ?? 0
        })
      }
    }
  }
  const pulses = table && framePulses(table, joined.trains)
  return { path, trainIds, pulseIds, firstFrames, cellIds, ...given({ pulses }) }
}

function totalsOf(
  modules: readonly ModulePlan[],
  trains: number,
  { detector, rawFrames }: Run,
  output: OutputRequest,
): PlanTotals {
  const frames = modules.reduce(
    (sum, { sequences }) => sum + sequences.reduce((n, { joined: { frames } }) => n + frames, 0),
    0,
  )
  const pixels = pixelsOf(detector)
  const frameBytes = pixels * 4 + PACKED_SHARE * pixels * 5
  // What a module did not deliver takes no room in the combined file.
  const files = (output.corrected ? 1 : 0) + (output.combined === undefined ? 0 : 1)
  return {
    trains,
    frames,
    rawBytes: frames * rawFrames * rawFrameBytes(detector),
    outputBytes: Math.ceil(files * frames * frameBytes),
  }
}
