import { resolve } from 'node:path'
import type { Conditions } from '../../../constants/model/conditions.js'
import { calibrationsOf } from '../../corrections/planes.js'
import type { Detector } from '../../detectors/detector.js'
import { software } from '../../files/version.js'
import type { DetectorKit } from '../../kits/kit.js'
import { UsageError } from '../../model/errors.js'
import { given } from '../../model/given.js'
import type { Provenance } from '../../sinks/metadata/provenance.js'
import { frameFilterOf } from '../../sources/run/frame-filter.js'
import { joinRun, type Selection } from '../../sources/run/join.js'
import { type LitFrames, pulseTableOf, readLitFrames } from '../../sources/run/lit-frames.js'
import { openRun } from '../../sources/run/open-run.js'
import { parseModules, parseRanges, parseTrains } from '../../sources/run/query.js'
import type { Run } from '../../sources/run/run.js'
import { machineLimits, memoryBudget } from '../plan/budget.js'
import type { StepRequest } from '../plan/module-chain.js'
import { type CorrectionPlan, type DerivedPlan, type OutputRequest, planCorrection } from '../plan/plan.js'
import type { ToldConditions } from '../plan/told-conditions.js'
import { constantsOfRequest, lookUp } from './constants-of-request.js'
import { type CorrectionOptions, correctRun } from './correct-run.js'
import { gainModeName, gainModeOf, parallelGainOf } from './gain-of-request.js'
import { checkOptionTypes } from './option-types.js'
import type { CorrectionOutcome } from './outcome.js'
import { outputOf } from './output-of-request.js'
import { type CheckedRequest, type CorrectionRequest, checkRequest } from './request.js'
import { stepRequestOf } from './steps-of-request.js'

/** What a correction may use of the machine. */
export interface MachineOptions {
  /** Threads; absent: the cores there are. */
  readonly workers?: number
  /** Bytes of resident memory, page cache aside; absent: 60 % of what there is, at most 8 GiB. */
  readonly memory?: number
  readonly signal?: AbortSignal
  /** The detectors that are known; absent: all that detcal has. */
  readonly kits?: readonly DetectorKit[]
}

/** A correction that is ready to be executed. */
export interface PreparedCorrection {
  readonly plan: CorrectionPlan
  /** The operating conditions, and what tells each. */
  readonly told: ToldConditions
  readonly output: OutputRequest
  /** What the results say of how they were made. */
  readonly provenance: Pick<Provenance, 'options' | 'repeat'>
}

/**
 * Opens the run that a request names, looks up its constants and plans the correction. Nothing is written.
 * @throws UsageError for options that cannot be, naming them. @throws DataError if the run cannot be read or nothing of
 * it can be corrected. @throws ConstantsError if the catalogue cannot be read. @throws OutputError as {@link outputOf}.
 */
export async function prepareCorrection(
  request: CorrectionRequest,
  options: MachineOptions = {},
): Promise<PreparedCorrection> {
  checkOptionTypes(options)
  const { workers, memory, signal, kits } = options
  const limits = machineLimits()
  const asked = checkRequest(request)
  const output = outputOf(asked)
  const open = constantsOfRequest(asked)
  const parallelGain = parallelGainOf(asked)
  const run = await openRun(asked.run, {
    detector: asked.detector,
    ...given({ parallelGain, signal, kits }),
  })
  const { detector } = run
  const selection = selectionOf(asked, detector)
  const light = await readLitFrames(run, asked)
  const joined = joinRun(run, { ...selection, ...given({ light }) })
  const gainMode = gainModeOf(asked, detector, run.gainMode)
  const steps = stepRequestOf(asked, run.kit, gainMode)
  const modules = [...joined.modules.keys()]
  const { told, conditions, doubts, ...found } = await lookUp(await open(), asked, run, modules, gainMode)
  const plan = planCorrection({
    ...{ run, joined, ...found, steps, output },
    derived: derivedOf(asked),
    ...given({ pulses: asked.pulseEnergies ? await pulseTableOf(run, asked) : undefined }),
    workers: workers ?? limits.cpus,
    memory: memory ?? memoryBudget(undefined, limits),
  })
  const used = plan.modules.flatMap(({ chain }) => calibrationsOf(chain.planes))
  return {
    plan: { ...plan, problems: [...plan.problems, ...doubts(used)] },
    told,
    output,
    provenance: {
      options: optionsThatShape(asked, run, { ...steps, light }, conditions, told),
      repeat: repeatOf(asked),
    },
  }
}

/** How a prepared correction is executed; none of it changes the result. */
export interface ExecutionOptions
  extends Pick<CorrectionOptions, 'cache' | 'signal' | 'onProgress' | 'engine' | 'part' | 'device'> {
  /** Replace files that are there; absent: they are refused. */
  readonly overwrite?: boolean
  /**
   * Go on with an earlier attempt at the same correction: the CORR files that it has finished are kept, those of another
   * correction refused, or with `overwrite` replaced. Of a part only those are kept that say that they were made when `created` says.
   */
  readonly resume?: boolean
  /** Flush files before they appear; absent: so it is. */
  readonly sync?: boolean
  /** When the results say that they were made, ISO 8601, UTC; absent: now. Parts of one correction say the same. */
  readonly created?: string
}

/** Executes what was prepared. @throws UsageError for options of another type, and as {@link correctRun}. */
export async function executeCorrection(
  { plan, output, provenance }: PreparedCorrection,
  options: ExecutionOptions = {},
): Promise<CorrectionOutcome> {
  checkOptionTypes(options)
  const { overwrite = false, sync = true, created = new Date().toISOString() } = options
  const made = { software: software(), created }
  const { resume, ...others } = options
  const resuming = resume
    ? { resume: given({ made: options.part === undefined ? undefined : options.created }) }
    : {}
  return correctRun(plan, {
    ...others,
    ...resuming,
    output,
    overwrite,
    sync,
    provenance: { ...made, ...provenance },
  })
}

/**
 * Corrects a run: prepares and executes. Expected failures of single files or modules are among the outcome's problems.
 * @throws as {@link prepareCorrection} and {@link executeCorrection}.
 */
export async function correct(
  request: CorrectionRequest,
  options: MachineOptions & ExecutionOptions = {},
): Promise<CorrectionOutcome> {
  return executeCorrection(await prepareCorrection(request, options), options)
}

/** What of the run a request selects. @throws UsageError */
export function selectionOf(
  { modules, sequences, trains, ...frames }: Partial<CheckedRequest>,
  detector: Detector,
): Selection {
  return {
    ...(modules === undefined ? {} : { modules: parseModules(modules, detector) }),
    ...(sequences === undefined ? {} : { sequences: parseRanges(sequences, '--sequences') }),
    ...(trains === undefined ? {} : { trains: parseTrains(trains) }),
    ...frameFilterOf(frames),
  }
}

/**
 * What must be repeated to get the same result; the rest (workers, memory) does not change a bit of it. Bad-pixel maps are
 * told module by module, among the constants.
 */
function optionsThatShape(
  request: CheckedRequest,
  run: Run,
  { steps, gainMode, light }: StepRequest & { readonly light: LitFrames | undefined },
  conditions: Conditions,
  told: ToldConditions,
): Record<string, unknown> {
  const { modules, sequences, trains, pulses, cells, pulseIds, litframe, energyThreshold } = request
  const { litpx, pulseEnergies, sparse } = request
  return {
    steps,
    'gain-mode': gainModeName(gainMode),
    'parallel-gain': run.rawFrames > 1,
    'mg-hard-threshold': request.mgHardThreshold,
    'hg-hard-threshold': request.hgHardThreshold,
    'sigma-high': request.sigmaHigh,
    'sigma-medium': request.sigmaMedium,
    'zero-nans': request.zeroNans,
    'zero-orange': request.zeroOrange,
    ...known({ modules, sequences, trains, pulses, cells, 'pulse-ids': pulseIds }),
    ...(light
      ? known({ litframe, 'litframe-source': light.source, 'energy-threshold': energyThreshold })
      : {}),
    ...known({
      litpx,
      'pulse-energies': pulseEnergies || undefined,
      sparse: sparse === 'off' ? undefined : sparse,
    }),
    conditions,
    'condition-sources': Object.fromEntries(Object.entries(told).map(([name, { source }]) => [name, source])),
    strategy: request.strategy,
  }
}

/** What is made beside the frames. @throws UsageError if there is no file for it. */
function derivedOf({ litpx, sparse, corrected }: CheckedRequest): DerivedPlan {
  if (!corrected && (litpx !== undefined || sparse !== 'off'))
    throw new UsageError(`${litpx === undefined ? '--sparse' : '--litpx'} is for CORR files`, {
      hint: 'Leave --no-corr out',
    })
  return given({ litThreshold: litpx, sparse: sparse === 'off' ? undefined : sparse })
}

/** What else a repetition is told. The constants that were used say as much, so that a result is the same without. */
function repeatOf({ at, badPixels, constantsFrom }: CheckedRequest): Record<string, unknown> {
  return known({
    at,
    'bad-pixels': badPixels,
    'constants-from': constantsFrom === undefined ? undefined : resolve(constantsFrom),
  })
}

function known(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
