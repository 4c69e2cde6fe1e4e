import { resolve } from 'node:path'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { correctionsOf } from '../../corrections/index.js'
import { kernelModule } from '../../corrections/kernel.js'
import type { GainMode } from '../../corrections/steps.js'
import { parseSteps } from '../../corrections/steps.js'
import { machineLimits, memoryBudget, parseBytes } from '../../engine/budget.js'
import { correctRun } from '../../engine/correct-run.js'
import { type FoundConstants, findConstants } from '../../engine/find-constants.js'
import type { CorrectionOutcome } from '../../engine/outcome.js'
import { type CorrectionPlan, type OutputRequest, planCorrection } from '../../engine/plan.js'
import { WorkerPool } from '../../engine/pool.js'
import { UsageError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { joinRun } from '../../sources/join.js'
import { openRun } from '../../sources/open-run.js'
import type { Run } from '../../sources/run.js'
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
import { parsePairs, parseTime, parseWorkers } from '../options.js'
import { printJson } from '../output.js'
import { outputOf } from '../output-paths.js'
import { problemLines } from '../problems.js'
import { showProgress } from '../progress.js'
import { VERSION } from '../version.js'

const GAIN_MODES: Readonly<Record<string, GainMode>> = { adaptive: 0, high: 1, medium: 2, low: 3 }

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
    const { plan } = await planOf(args, request)
    if (args.json) printJson(planReport(plan).json)
    else process.stdout.write(planReport(plan).text)
    return exitCode(plan.problems)
  }
  // Threads load their modules while the run is opened.
  const pool = await WorkerPool.start(request.workers, kernelModule())
  try {
    return await execute(args, request, pool)
  } finally {
    await pool.close()
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

/** Opens the run and plans its correction. */
async function planOf(
  args: CorrectOptions,
  { memory, workers, output, open, parallelGain, signal }: Request,
): Promise<{ plan: CorrectionPlan; conditions: Readonly<Record<string, unknown>> }> {
  const run = await openRun(args.run, {
    detector: args.detector,
    ...(parallelGain === undefined ? {} : { parallelGain }),
    signal,
  })
  const joined = joinRun(run, selectionOf(args, run.detector))
  const gainMode = gainModeOf(args, run)
  const corrections = correctionsOf(run.detector)
  const steps = parseSteps(corrections.steps, stepsOf(args, corrections), gainMode)
  const maskMaps = askedMaps(args, run.detector, steps)
  const request = {
    steps,
    options: stepOptionsOf(args),
    gainMode,
    ...(maskMaps === undefined ? {} : { maskMaps }),
  }
  const { conditions, ...found } = await lookUp(await open(), args, run, [...joined.modules.keys()], gainMode)
  const plan = planCorrection({ run, joined, ...found, steps: request, output, workers, memory })
  return { plan, conditions }
}

async function execute(args: CorrectOptions, request: Request, pool: WorkerPool): Promise<number> {
  const { plan, conditions } = await planOf(args, request)
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
        software: `detcal ${VERSION}`,
        created: new Date().toISOString(),
        options: optionsThatShape(args, plan, conditions),
        ...(args.constantsFrom === undefined ? {} : { constantsFrom: resolve(args.constantsFrom) }),
      },
      pool,
      onProgress: done => progress.update(done),
    })
  } finally {
    progress.stop()
  }
  return report(args, plan, outcome)
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

function report(args: CorrectOptions, plan: CorrectionPlan, outcome: CorrectionOutcome): number {
  process.stderr.write(problemLines(outcome.problems))
  if (args.json) printJson(outcomeReport(plan, outcome).json)
  else process.stdout.write(outcomeReport(plan, outcome).text)
  return exitCode(outcome.problems)
}

function exitCode(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.done
}

/** As the option says, else the stated condition of that name. */
function parallelGainOf({ parallelGain, condition }: CorrectOptions): boolean | undefined {
  if (parallelGain !== undefined) return parallelGain
  const stated = Object.entries(parsePairs(condition, '--condition')).find(
    ([name]) => name.toLowerCase() === 'parallel gain',
  )
  return stated === undefined ? undefined : Number(stated[1]) !== 0
}

/** @throws UsageError for a fixed stage of a detector that cannot be fixed in one. */
function gainModeOf({ gainMode }: CorrectOptions, run: Run): GainMode {
  if (gainMode !== undefined && gainMode !== 'adaptive' && !run.detector.fixedGain)
    throw new UsageError(`${run.detector.name} is not operated in fixed gain`, {
      hint: 'Leave --gain-mode out',
    })
  return (gainMode === undefined ? run.gainMode : GAIN_MODES[gainMode]) ?? 0
}

/**
 * What must be repeated to get the same result; the rest (workers, memory) does not change a bit of it. Bad-pixel maps are
 * told module by module, among the constants.
 */
function optionsThatShape(
  args: CorrectOptions,
  plan: CorrectionPlan,
  conditions: Readonly<Record<string, unknown>>,
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
    strategy: args.strategy,
  }
}
