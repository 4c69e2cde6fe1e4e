import { resolve } from 'node:path'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { darkRun } from '../../engine/dark/dark-run.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { prepareDark } from '../../engine/dark/prepare.js'
import { type MachineLimits, machineLimits, memoryBudget, parseBytes } from '../../engine/plan/budget.js'
import { Engine } from '../../engine/threads/engine.js'
import { software } from '../../files/version.js'
import type { Problem } from '../../model/problem.js'
import { parseTime } from '../../model/time.js'
import { requireReportPlace, writeDarkReport } from '../../report/dark/write.js'
import { type DarkArguments, darkOptions, darkSelection, limitsOf } from '../dark-options.js'
import { darkOutcomeReport, darkPlanReport } from '../dark-report.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { parsePairs, parseWorkers } from '../options.js'
import { printJson } from '../output.js'
import { problemLines } from '../problems.js'
import { showProgress } from '../progress.js'

/** `detcal dark`: dark runs become offset, noise, thresholds and bad pixels in the catalogue. */
export const darkCommand: CommandModule<object, DarkArguments> = {
  command: 'dark',
  describe: 'characterise dark runs: offset, noise, gain thresholds, bad pixels',
  builder: (yargs: Argv) => darkOptions(yargs),
  handler: async (args: ArgumentsCamelCase<DarkArguments>) => {
    const code = await interruptible(signal => dark(args, signal))
    endWith({ code })
  },
}

async function dark(args: DarkArguments, signal: AbortSignal): Promise<number> {
  const machine = machineLimits()
  const workers = parseWorkers(args.workers, machine.cpus)
  const html = args.report === undefined ? undefined : resolve(args.report)
  const plan = () => planOf(args, workers, machine, signal)
  if (args.dryRun) {
    const planned = await plan()
    if (args.json) printJson(darkPlanReport(planned).json)
    else process.stdout.write(darkPlanReport(planned).text)
    return exitCode(planned.problems)
  }
  if (html !== undefined) requireReportPlace(html)
  // Threads load their modules while the runs are opened.
  const engine = await Engine.start({ workers })
  try {
    return await execute(args, await plan(), { engine, html, signal })
  } finally {
    await engine.close()
  }
}

function planOf(
  args: DarkArguments,
  workers: number,
  machine: MachineLimits,
  signal: AbortSignal,
): Promise<DarkPlan> {
  const { high, medium, low, run } = args
  return prepareDark({
    runs: Object.fromEntries(
      Object.entries({ high, medium, low, run }).flatMap(([name, path]) =>
        path === undefined ? [] : [[name, resolve(path)]],
      ),
    ),
    catalogue: resolve(args.catalogue),
    detector: args.detector,
    ...(args.parallelGain === undefined ? {} : { parallelGain: args.parallelGain }),
    selection: detector => darkSelection(args, detector),
    limits: recipe => limitsOf(args, recipe),
    stated: parsePairs(args.condition, '--condition'),
    ...(args.beginAt === undefined ? {} : { beginAt: parseTime(args.beginAt) }),
    workers,
    memory: memoryBudget(args.memory === undefined ? undefined : parseBytes(args.memory), machine),
    signal,
  })
}

async function execute(
  args: DarkArguments,
  plan: DarkPlan,
  { engine, html, signal }: { engine: Engine; html: string | undefined; signal: AbortSignal },
): Promise<number> {
  const { rawBytes: bytes, trains } = plan.totals
  const progress = showProgress({ total: 1, bytes, trains })
  const outcome = await darkRun(plan, {
    catalogue: resolve(args.catalogue),
    engine,
    software: software(),
    signal,
    onProgress: share => progress.update(share),
  }).finally(() => progress.stop())
  if (html !== undefined) await writeDarkReport(html, plan, outcome, software())
  process.stderr.write(problemLines(outcome.problems))
  const report = darkOutcomeReport(plan, outcome, html)
  if (args.json) printJson(report.json)
  else process.stdout.write(report.text)
  return exitCode(outcome.problems)
}

function exitCode(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.done
}
