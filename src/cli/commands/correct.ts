import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { foreseenProblems } from '../../engine/run/foresee.js'
import { executeCorrection, type PreparedCorrection, prepareCorrection } from '../../engine/run/prepare.js'
import { Engine } from '../../engine/threads/engine.js'
import { openConstantsCache } from '../constants-cache.js'
import { type CorrectOptions, correctOptions, requestOf } from '../correct-options.js'
import { outcomeReport, planReport } from '../correct-report.js'
import { endWith, exitCodeOf, interruptible } from '../exit.js'
import { type MachineArguments, machineOf } from '../options.js'
import { printReport } from '../output.js'
import { problemLines } from '../problems.js'
import { showProgress } from '../progress.js'

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
  const { request, machine } = await requestOf(args)
  const use = { ...machineOf(machine), signal }
  if (args.dryRun) {
    const { plan: prepared, told } = await prepareCorrection(request, use)
    const foreseen = foreseenProblems(prepared, machine.overwrite ?? false)
    const plan = { ...prepared, problems: [...prepared.problems, ...foreseen] }
    printReport(planReport(plan, told), args.json)
    return exitCodeOf(plan.problems)
  }
  // Threads load their modules while the run is opened.
  const engine = await Engine.start({ ...use, device: machine.device ?? 'cpu' })
  try {
    // A device has a thread of its own, and slots like the others.
    const prepared = await prepareCorrection(request, { ...use, workers: engine.pool.size })
    return await execute(args, prepared, { machine, engine, signal })
  } finally {
    await engine.close()
  }
}

async function execute(
  args: CorrectOptions,
  prepared: PreparedCorrection,
  { machine, engine, signal }: { machine: MachineArguments; engine: Engine; signal: AbortSignal },
): Promise<number> {
  const { plan, told } = prepared
  const { frames: total, rawBytes: bytes, trains } = plan.totals
  const cache = openConstantsCache(machine)
  const progress = showProgress({ total, bytes, trains })
  const outcome = await executeCorrection(prepared, {
    overwrite: machine.overwrite ?? false,
    sync: machine.sync ?? true,
    ...{ cache, engine, signal },
    onProgress: done => progress.update(done),
  }).finally(() => progress.stop())
  process.stderr.write(problemLines(outcome.problems))
  printReport(outcomeReport(plan, told, outcome), args.json)
  return exitCodeOf(outcome.problems)
}
