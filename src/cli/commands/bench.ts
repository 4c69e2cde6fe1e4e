import { writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Argv, CommandModule } from 'yargs'
import { UsageError } from '../../model/errors.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { flagOption, numberOption, textOption } from '../options.js'
import { printJson } from '../output.js'

const SUITES = ['kernels', 'hdf5', 'batch', 'dark', 'online', 'readback'] as const

const DEVICES = ['cpu', 'gpu', 'all'] as const

interface BenchArguments {
  suites: readonly (typeof SUITES)[number][]
  rounds: number
  quick: boolean
  seed: number
  scratch: string
  workers: number
  device: (typeof DEVICES)[number]
  compare: string | undefined
  threshold: number
  html: string | undefined
  markdown: boolean
  json: boolean
}

/** `detcal bench`: measures detcal and other implementations on this machine. */
export const benchCommand: CommandModule<object, BenchArguments> = {
  command: 'bench [suites..]',
  describe: 'measure detcal on this machine, in comparison with other implementations',
  builder: (yargs: Argv) => describeArguments(yargs),
  handler: async args => {
    const code = await interruptible(signal => bench(args, signal))
    endWith({ code })
  },
}

async function bench(args: BenchArguments, signal: AbortSignal): Promise<number> {
  checkArguments(args)
  // The benchmarks are above the command line and import it; they are loaded by name when requested.
  const { runBench, readReport, slower, text, markdown, html } = await import('#bench/index')
  const baseline = args.compare === undefined ? undefined : readReport(args.compare)
  const { rounds, quick, seed, workers, device } = args
  const report = await runBench(args.suites.length > 0 ? args.suites : SUITES, {
    rounds,
    quick,
    seed,
    workers,
    kernelsOn: device,
    signal,
    scratch: resolve(args.scratch),
    onProgress: line => process.stderr.write(`${line}\n`),
  })
  if (args.html !== undefined) writeFileSync(args.html, html(report))
  if (args.json) printJson(report)
  else process.stdout.write(args.markdown ? markdown(report) : text(report))
  const regressions = baseline === undefined ? [] : slower(report, baseline, args.threshold)
  for (const line of regressions) process.stderr.write(`slower: ${line}\n`)
  return regressions.length > 0 ? EXIT.problems : EXIT.done
}

function describeArguments(yargs: Argv): Argv<BenchArguments> {
  return yargs
    .positional('suites', {
      choices: SUITES,
      array: true,
      default: [],
      describe: 'what to measure [default: all]',
    })
    .options({
      rounds: { ...numberOption('number of measurements'), default: 5 },
      workers: { ...numberOption('maximum number of threads'), default: availableParallelism() },
      device: {
        ...textOption('where the kernels are measured'),
        choices: DEVICES,
        default: 'cpu',
      },
      scratch: {
        ...textOption('folder for data, kept; on the file system to be measured'),
        default: join(tmpdir(), 'detcal-bench'),
      },
      seed: { ...numberOption('seed of the random data'), default: 1 },
      quick: flagOption('little data: only checks that everything runs'),
      compare: textOption('JSON of an earlier run to compare with'),
      threshold: { ...numberOption('ratio to it above which a result is too slow'), default: 1.2 },
      html: textOption('write a page with plots'),
      markdown: flagOption('print Markdown tables'),
      json: flagOption('print the result as JSON'),
    })
    .example('$0 bench kernels --device all', 'on a GPU too, with transfers and without')
    .example('$0 bench kernels', 'the correction kernel beside numba, C, numpy, JavaScript')
    .example(
      '$0 bench --scratch /gpfs/scratch --html bench.html',
      'everything, on the file system that matters',
    )
    .example(
      '$0 bench kernels --json --compare baseline.json',
      'fail if something became slower',
    ) as unknown as Argv<BenchArguments>
}

function checkArguments({ rounds, workers, threshold, seed }: BenchArguments): void {
  const within = (option: string, value: number, least: number, most: number): void => {
    if (!(value >= least && value <= most))
      throw new UsageError(`--${option} ${value} is out of range`, { hint: `Use ${least} to ${most}` })
  }
  for (const [option, value, most] of [
    ['rounds', rounds, 1000],
    ['workers', workers, 256],
  ] as const) {
    within(option, value, 1, most)
    if (!Number.isInteger(value)) throw new UsageError(`--${option} ${value} is not a whole number`)
  }
  within('threshold', threshold, 1, 100)
  within('seed', seed, 0, Number.MAX_SAFE_INTEGER)
}
