import { resolve } from 'node:path'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { darkRun } from '../../engine/dark/dark-run.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { prepareDark } from '../../engine/dark/prepare.js'
import { Engine } from '../../engine/threads/engine.js'
import { software } from '../../files/version.js'
import { DARK_REPORT, writeDarkReport } from '../../report/dark/write.js'
import { requireReportPlace } from '../../report/report-file.js'
import { type DarkArguments, darkOptions, darkRequestOf } from '../dark-options.js'
import { darkOutcomeReport, darkPlanReport } from '../dark-report.js'
import { endWith, exitCodeOf, interruptible } from '../exit.js'
import { machineOf } from '../options.js'
import { printReport } from '../output.js'
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
  const machine = { ...machineOf(args), signal }
  const request = darkRequestOf(args)
  const html = args.report === undefined ? undefined : resolve(args.report)
  if (args.dryRun) {
    const planned = await prepareDark(request, machine)
    printReport(darkPlanReport(planned), args.json)
    return exitCodeOf(planned.problems)
  }
  if (html !== undefined) requireReportPlace(html, DARK_REPORT)
  // Threads load their modules while the runs are opened.
  const engine = await Engine.start(machine)
  try {
    return await execute(args, await prepareDark(request, machine), { engine, html, signal })
  } finally {
    await engine.close()
  }
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
  printReport(darkOutcomeReport(plan, outcome, html), args.json)
  return exitCodeOf(outcome.problems)
}
