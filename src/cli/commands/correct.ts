import { resolve } from 'node:path'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { foreseenProblems } from '../../engine/run/foresee.js'
import type { CorrectionOutcome } from '../../engine/run/outcome.js'
import { executeCorrection, type PreparedCorrection, prepareCorrection } from '../../engine/run/prepare.js'
import { runMetadata } from '../../engine/run/run-metadata.js'
import { Engine } from '../../engine/threads/engine.js'
import { software } from '../../files/version.js'
import { UsageError } from '../../model/errors.js'
import { requireReportPlace } from '../../report/report-file.js'
import type { CorrectedRun } from '../../report/run/corrected-run.js'
import type { RunQuality } from '../../report/run/quality.js'
import { RUN_REPORT, writeRunReport } from '../../report/run/write.js'
import { openConstantsCache } from '../constants-cache.js'
import { type CorrectOptions, correctOptions, requestOf } from '../correct-options.js'
import { outcomeReport, planReport } from '../correct-report.js'
import { endWith, exitCodeOf, interruptible } from '../exit.js'
import { type MachineArguments, machineOf } from '../options.js'
import { printReport, type Report } from '../output.js'
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
  const html = reportPath(args, request.corrected)
  if (args.dryRun) {
    const { plan: prepared, told } = await prepareCorrection(request, use)
    const foreseen = foreseenProblems(prepared, args.resume || (machine.overwrite ?? false))
    const plan = { ...prepared, problems: [...prepared.problems, ...foreseen] }
    printReport(planReport(plan, told), args.json)
    return exitCodeOf(plan.problems)
  }
  if (html !== undefined) requireReportPlace(html, RUN_REPORT)
  // Threads load their modules while the run is opened.
  const engine = await Engine.start({ ...use, device: machine.device ?? 'cpu' })
  try {
    // A device has a thread of its own, and slots like the others.
    const prepared = await prepareCorrection(request, { ...use, workers: engine.pool.size })
    return await execute(args, prepared, { machine, engine, html, signal })
  } finally {
    await engine.close()
  }
}

/** What a correction works with. */
interface Execution {
  readonly machine: MachineArguments
  readonly engine: Engine
  /** Where its report goes. */
  readonly html: string | undefined
  readonly signal: AbortSignal
}

async function execute(
  args: CorrectOptions,
  prepared: PreparedCorrection,
  { machine, engine, html, signal }: Execution,
): Promise<number> {
  const { plan, told } = prepared
  const { frames: total, rawBytes: bytes, trains } = plan.totals
  const cache = openConstantsCache(machine)
  const progress = showProgress({ total, bytes, trains })
  const created = new Date().toISOString()
  const outcome = await executeCorrection(prepared, {
    ...{ overwrite: machine.overwrite ?? false, resume: args.resume },
    sync: machine.sync ?? true,
    ...{ cache, created, engine, signal },
    onProgress: done => progress.update(done),
  }).finally(() => progress.stop())
  const quality =
    html === undefined
      ? undefined
      : await writeRunReport(html, correctedRun(prepared, outcome, created), { signal })
  process.stderr.write(problemLines(outcome.problems))
  const report = outcomeReport(plan, told, outcome)
  printReport(html === undefined ? report : withReport(report, html, quality), args.json)
  return exitCodeOf(outcome.problems)
}

/** @throws UsageError if there would be nothing to read back. */
function reportPath({ report }: CorrectOptions, corrected = true): string | undefined {
  if (report !== undefined && !corrected)
    throw new UsageError('--report reads CORR files back, and there are none with --no-corr', {
      hint: 'Leave out one of the two',
    })
  return report === undefined ? undefined : resolve(report)
}

/** What the report is told of a correction. */
function correctedRun(
  { plan, output, provenance }: PreparedCorrection,
  { modules, problems, modulePhases }: CorrectionOutcome,
  created: string,
): CorrectedRun {
  const { run, proposal } = plan.run
  const content = runMetadata(plan, modules, { software: software(), created, ...provenance })
  return { content, folder: output.folder, run: { run, proposal }, modules, problems, modulePhases }
}

function withReport({ text, json }: Report, path: string, quality: RunQuality | undefined): Report {
  return { text: `${text}report: ${path}\n`, json: { ...json, report: path, quality } }
}
