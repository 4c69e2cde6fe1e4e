import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { Engine } from '../../engine/threads/engine.js'
import { given } from '../../model/given.js'
import { type ReproductionRequest, reproduce } from '../../reproduce/reproduce.js'
import { openConstantsCache } from '../constants-cache.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { flagOption, type MachineArguments, machineOf, numberOption, textOption } from '../options.js'
import { printReport } from '../output.js'
import { problemLines } from '../problems.js'
import { type Progress, showProgress } from '../progress.js'
import { reproductionReport } from '../reproduce-report.js'

interface ReproduceArguments extends Omit<ReproductionRequest, 'constantsRoot'>, MachineArguments {
  readonly catalogue?: string
  readonly json: boolean
}

/** `detcal reproduce`: makes a correction once more and says whether every file is equal. */
export const reproduceCommand: CommandModule<object, ReproduceArguments> = {
  command: 'reproduce <metadata>',
  describe: 'make a correction once more, and say whether every output is equal',
  builder: (yargs: Argv) =>
    yargs
      .positional('metadata', {
        ...textOption('calibration_metadata_<DET>.yml of the correction, beside its CORR files'),
        demandOption: true,
      })
      .options({
        run: textOption('folder of the RAW run [default: where it was then]'),
        catalogue: textOption(
          'folder of the catalogue or store with the constants [default: where they were]',
        ),
        out: textOption(
          "folder in which a temporary one is made, for one module's files [default: the system's]",
        ),
        workers: numberOption('threads [default: cores]'),
        memory: textOption('memory to use at most: 8GiB [default: 60 %, at most 8GiB]'),
        'constants-cache': textOption('as of detcal correct'),
        'constants-cache-size': textOption('as of detcal correct'),
        json: flagOption('print the result as JSON'),
      })
      .example(
        '$0 reproduce proc/r0001/calibration_metadata_SPB_DET_AGIPD1M-1.yml',
        'exit code 0: every dataset of every file is equal, 1: not',
      )
      .example(
        '$0 reproduce calibration_metadata_SPB_DET_AGIPD1M-1.yml --run /archive/r0001 --catalogue /archive/catalogue',
        'where RAW files and constants have moved',
      ) as unknown as Argv<ReproduceArguments>,
  handler: async (args: ArgumentsCamelCase<ReproduceArguments>) => {
    endWith({ code: await interruptible(signal => run(args, signal)) })
  },
}

async function run(args: ReproduceArguments, signal: AbortSignal): Promise<number> {
  const { metadata, run, out, catalogue: constantsRoot, json } = args
  const use = { ...machineOf(args), signal }
  const cache = openConstantsCache(args)
  let progress: Progress | undefined
  const engine = await Engine.start(use)
  try {
    const found = await reproduce(
      { metadata, ...given({ run, out, constantsRoot }) },
      {
        ...{ ...use, cache, engine },
        onPlan: ({ frames: total, rawBytes: bytes, trains }) => {
          progress?.stop()
          progress = showProgress({ total, bytes, trains })
        },
        onProgress: done => progress?.update(done),
      },
    )
    progress?.stop()
    process.stderr.write(problemLines(found.problems))
    printReport(reproductionReport(found), json)
    return found.equal ? EXIT.done : EXIT.problems
  } finally {
    progress?.stop()
    await engine.close()
  }
}
