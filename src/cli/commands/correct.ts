import { resolve } from 'node:path'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { type Conditions, parseConditions } from '../../../constants/model/conditions.js'
import { calibrationsOf } from '../../corrections/planes.js'
import type { GainMode } from '../../corrections/steps.js'
import { parseSteps } from '../../corrections/steps.js'
import { machineLimits, memoryBudget, parseBytes } from '../../engine/plan/budget.js'
import { type FoundConstants, findConstants } from '../../engine/plan/find-constants.js'
import { type CorrectionPlan, type OutputRequest, planCorrection } from '../../engine/plan/plan.js'
import {
  conditionProblems,
  type ToldConditions,
  toldConditions,
  withStated,
} from '../../engine/plan/told-conditions.js'
import { correctRun } from '../../engine/run/correct-run.js'
import type { CorrectionOutcome } from '../../engine/run/outcome.js'
import { Engine } from '../../engine/threads/engine.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { joinRun } from '../../sources/run/join.js'
import { openRun } from '../../sources/run/open-run.js'
import type { Run } from '../../sources/run/run.js'
import { openConstantsCache } from '../constants-cache.js'
import { type ConstantsOfRun, constantsOfRun } from '../constants-of-run.js'
import {
  askedMaps,
  type CorrectOptions,
  correctOptions,
  selectionOf,
  stepOptionsOf,
  stepsOf,
} from '../correct-options.js'
import { outcomeReport, planReport } from '../correct-report.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { GAIN_MODES, gainModeOf, parallelGainOf } from '../gain-options.js'
import { parsePairs, parseTime, parseWorkers } from '../options.js'
import { printJson } from '../output.js'
import { outputOf } from '../output-paths.js'
import { problemLines } from '../problems.js'
import { showProgress } from '../progress.js'
import { software } from '../version.js'

/** `detcal correct`: a RAW run becomes CORR files, a combined file, or both. */
export const correctCommand: CommandModule<object, CorrectOptions> = {
  command: 'correct <run>',
  describe: 'correct a RAW run: dark offset, gain stage, bad pixels',
  builder: (yargs: Argv) => correctOptions(yargs),
  handler: async (args: ArgumentsCamelCase<CorrectOptions>) => {
    const code = await interruptible(signal => correct(args, signal))
    endWith({ code })
  },
}

async function correct(args: CorrectOptions, signal: AbortSignal): Promise<number> {
  const limits = machineLimits()
  const request: Request = {
    memory: memoryBudget(args.memory === undefined ? undefined : parseBytes(args.memory), limits),
    workers: parseWorkers(args.workers, limits.cpus),
    output: outputOf(args),
    open: constantsOfRun(args),
    parallelGain: parallelGainOf(args),
    signal,
  }
  if (args.dryRun) {
    const { plan, told } = await planOf(args, request)
    const { json, text } = planReport(plan, told)
    if (args.json) printJson(json)
    else process.stdout.write(text)
    return exitCode(plan.problems)
  }
  // Threads load their modules while the run is opened.
  const engine = await Engine.start(request)
  try {
    return await execute(args, request, engine)
  } finally {
    await engine.close()
  }
}

/** What the options say of the machine and the output, checked before anything is read. */
interface Request {
  readonly memory: number
  readonly workers: number
  readonly output: OutputRequest
  /** Opens what says which constants there are. */
  readonly open: () => Promise<ConstantsOfRun>
  readonly parallelGain: boolean | undefined
  readonly signal: AbortSignal
}

interface Planned {
  readonly plan: CorrectionPlan
  readonly conditions: Conditions
  readonly told: ToldConditions
}

/** Opens the run and plans its correction. */
async function planOf(
  args: CorrectOptions,
  { memory, workers, output, open, parallelGain, signal }: Request,
): Promise<Planned> {
  const run = await openRun(args.run, {
    detector: args.detector,
    ...(parallelGain === undefined ? {} : { parallelGain }),
    signal,
  })
  const joined = joinRun(run, selectionOf(args, run.detector))
  const gainMode = gainModeOf(args, run)
  const { corrections } = run.kit
  const steps = parseSteps(corrections.steps, stepsOf(args, corrections), gainMode)
  const maskMaps = askedMaps(args, run.detector, steps)
  const request = {
    steps,
    options: stepOptionsOf(args),
    gainMode,
    ...(maskMaps === undefined ? {} : { maskMaps }),
  }
  const constants = await open()
  const { conditions, ...found } = await lookUp(constants, args, run, [...joined.modules.keys()], gainMode)
  const plan = planCorrection({ run, joined, ...found, steps: request, output, workers, memory })
  const stated = parseConditions(run.detector, parsePairs(args.condition, '--condition'))
  const option = args.gainMode === undefined ? {} : { 'Gain mode': gainMode }
  const sources = withStated(run.conditionSources, { ...stated, ...option })
  const told = toldConditions(run.detector, conditions, sources)
  // Constants that are named one by one are the same under any conditions, but for the steps that follow from them.
  const looked = constants.timeless ? onlyAssumed(told) : told
  const problems = conditionProblems(run.detector, looked, usedCalibrations(plan))
  return { plan: { ...plan, problems: [...plan.problems, ...problems] }, conditions, told }
}

async function execute(args: CorrectOptions, request: Request, engine: Engine): Promise<number> {
  const planned = await planOf(args, request)
  const { plan, told } = planned
  const cache = openConstantsCache(args)
  const progress = showProgress({
    total: plan.totals.frames,
    bytes: plan.totals.rawBytes,
    trains: plan.totals.trains,
  })
  let outcome: CorrectionOutcome
  try {
    outcome = await correctRun(plan, {
      output: request.output,
      overwrite: args.overwrite,
      sync: args.sync !== false,
      cache,
      signal: request.signal,
      provenance: {
        software: software(),
        created: new Date().toISOString(),
        options: optionsThatShape(args, planned),
        ...(args.constantsFrom === undefined ? {} : { constantsFrom: resolve(args.constantsFrom) }),
      },
      engine,
      onProgress: done => progress.update(done),
    })
  } finally {
    progress.stop()
  }
  return report(args, plan, told, outcome)
}

async function lookUp(
  { catalogue, timeless }: ConstantsOfRun,
  args: CorrectOptions,
  run: Run,
  modules: readonly ModuleIndex[],
  gainMode: GainMode,
): Promise<FoundConstants> {
  const at = args.at === undefined ? undefined : parseTime(args.at)
  // Constants that are named one by one are the same at any time, of which the run need not tell its own.
  const time = timeless ? (at ?? run.time ?? new Date(0)) : at
  try {
    return await findConstants({
      catalogue,
      run,
      modules,
      ...(time === undefined ? {} : { at: time }),
      strategy: args.strategy,
      stated: parsePairs(args.condition, '--condition'),
      gainMode,
    })
  } finally {
    catalogue.close()
  }
}

function report(
  args: CorrectOptions,
  plan: CorrectionPlan,
  told: ToldConditions,
  outcome: CorrectionOutcome,
): number {
  process.stderr.write(problemLines(outcome.problems))
  const { json, text } = outcomeReport(plan, told, outcome)
  if (args.json) printJson(json)
  else process.stdout.write(text)
  return exitCode(outcome.problems)
}

function exitCode(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.done
}

function usedCalibrations({ modules }: CorrectionPlan): string[] {
  return [...new Set(modules.flatMap(({ chain }) => calibrationsOf(chain.planes)))]
}

function onlyAssumed(told: ToldConditions): ToldConditions {
  return Object.fromEntries(Object.entries(told).filter(([, { source }]) => source === 'assumed'))
}

/**
 * What must be repeated to get the same result; the rest (workers, memory) does not change a bit of it. Bad-pixel maps are
 * told module by module, among the constants.
 */
function optionsThatShape(
  args: CorrectOptions,
  { plan, conditions, told }: Planned,
): Record<string, unknown> {
  const [first] = plan.modules
  const gainMode = first?.chain.gainMode ?? 0
  return {
    steps: first?.chain.steps ?? [],
    'gain-mode': Object.keys(GAIN_MODES).find(name => GAIN_MODES[name] === gainMode),
    'parallel-gain': plan.run.rawFrames > 1,
    'mg-hard-threshold': args.mgHardThreshold,
    'hg-hard-threshold': args.hgHardThreshold,
    'sigma-high': args.sigmaHigh,
    'sigma-medium': args.sigmaMedium,
    'zero-nans': args.zeroNans,
    'zero-orange': args.zeroOrange,
    ...Object.fromEntries(
      (['modules', 'sequences', 'trains', 'pulses'] as const).flatMap(name =>
        args[name] === undefined ? [] : [[name, args[name]]],
      ),
    ),
    conditions,
    'condition-sources': Object.fromEntries(Object.entries(told).map(([name, { source }]) => [name, source])),
    strategy: args.strategy,
  }
}
