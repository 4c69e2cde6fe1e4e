import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { type ExplainRequest, explain, FRAMES } from '../../explain/explain.js'
import { given } from '../../model/given.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { explanationReport } from '../explain-report.js'
import { flagOption, numberOption, textOption } from '../options.js'
import { printReport } from '../output.js'
import { problemLines } from '../problems.js'

interface ExplainArguments extends Omit<ExplainRequest, 'signal'> {
  readonly json: boolean
}

/** `detcal explain`: which reading of the corrections makes the facility's files. */
export const explainCommand: CommandModule<object, ExplainArguments> = {
  command: 'explain <raw> <corrected> <metadata>',
  describe: "find the readings of the corrections that make the facility's files, to the last bit",
  builder: (yargs: Argv) =>
    yargs
      .positional('raw', { ...textOption('folder of the RAW run'), demandOption: true })
      .positional('corrected', { ...textOption('folder of its CORR run'), demandOption: true })
      .positional('metadata', {
        ...textOption('calibration_metadata_<DET>.yml of that correction'),
        demandOption: true,
      })
      .options({
        'constants-root': textOption(
          'folder that relative paths of constants are below, or a copy of the store',
        ),
        modules: textOption('module numbers: 0,3,5-7 [default: three of them]'),
        frames: numberOption(`frames to look at, some 10 MB of memory each [default: ${FRAMES}]`),
        json: flagOption('print the result as JSON'),
      })
      .example(
        '$0 explain raw/r0022 proc/r0022 proc/r0022/calibration_metadata_SPB_DET_AGIPD1M-1.yml --constants-root store',
        'exit code 0: gain, data and mask are made to the last bit',
      ) as unknown as Argv<ExplainArguments>,
  handler: async (args: ArgumentsCamelCase<ExplainArguments>) => {
    endWith({ code: await interruptible(signal => run(args, signal)) })
  },
}

async function run(args: ExplainArguments, signal: AbortSignal): Promise<number> {
  const { raw, corrected, metadata, constantsRoot, modules, frames, json } = args
  const found = await explain({
    ...{ raw, corrected, metadata, signal },
    ...given({ constantsRoot, modules, frames }),
  })
  process.stderr.write(problemLines(found.problems))
  printReport(explanationReport(found), json)
  return found.exact ? EXIT.done : EXIT.problems
}
