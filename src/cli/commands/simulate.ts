import { join, resolve } from 'node:path'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { rawFrameBytes } from '../../detectors/detector.js'
import { DETECTORS, kitOf } from '../../kits/index.js'
import { UsageError } from '../../model/errors.js'
import type { GainStage } from '../../model/ids.js'
import type { SimulationOptions } from '../../simulator/model/options.js'
import { type SimulationResult, simulate } from '../../simulator/simulate.js'
import { parseModules } from '../../sources/run/query.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { flagOption, numberOption, textOption } from '../options.js'
import { printJson } from '../output.js'
import { showProgress } from '../progress.js'
import { sizeText } from '../quantities.js'

/** Options as declared; yargs adds camel-case aliases. */
interface SimulateArguments {
  out: string
  detector: string
  trains: number
  cells: number
  modules: string | undefined
  proposal: number
  run: number
  kind: SimulationOptions['kind']
  'gain-stage': keyof typeof STAGES
  'parallel-gain': boolean
  'lit-every': number | undefined
  'photon-energy': number
  switched: number
  'common-mode': number
  'baseline-shift': number
  seed: number
  'trains-per-file': number
  'format-version': SimulationOptions['formatVersion']
  truth: string | undefined
  catalogue: string | undefined
  workers: number | undefined
  overwrite: boolean
  json: boolean
}

const STAGES: Readonly<Record<'adaptive' | 'high' | 'medium' | 'low', GainStage | undefined>> = {
  adaptive: undefined,
  high: 0,
  medium: 1,
  low: 2,
}

/** `detcal simulate`: a RAW run with physics in it, and the constants that belong to it. */
export const simulateCommand: CommandModule<object, SimulateArguments> = {
  command: 'simulate <out>',
  describe: 'simulate a RAW run and its constants',
  builder: (yargs: Argv) => describeArguments(yargs),
  handler: async args => {
    await interruptible(async signal => {
      const options = optionsOf(args)
      const bytes = options.trains * options.cells * options.modules.length * rawFrameBytes(options.detector)
      const progress = showProgress({ total: 1, bytes, trains: options.trains })
      const result = await simulate(options, {
        out: resolve(args.out),
        catalogue: resolve(args.catalogue ?? join(args.out, 'catalogue')),
        overwrite: args.overwrite,
        signal,
        onProgress: ({ done, total }) => progress.update(done / total),
        ...(args.truth === undefined ? {} : { truth: resolve(args.truth) }),
        ...(args.workers === undefined ? {} : { workers: args.workers }),
      }).finally(() => progress.stop())
      if (args.json) printJson(result)
      else process.stdout.write(report(result))
    })
    endWith({ code: EXIT.done })
  },
}

function describeArguments(yargs: Argv): Argv<SimulateArguments> {
  return yargs
    .positional('out', { ...textOption('folder that gets raw/rNNNN'), demandOption: true })
    .options({
      detector: {
        ...textOption('which detector'),
        choices: DETECTORS.map(({ id }) => id),
        demandOption: true,
      },
      trains: { ...numberOption('trains of the run'), demandOption: true },
      cells: { ...numberOption('memory cells, one frame each, of a train'), demandOption: true },
      modules: textOption('modules, as in 0,3,5-7  [default: all]'),
      proposal: { ...numberOption('proposal number'), default: 900_000 },
      run: { ...numberOption('run number'), default: 1 },
      kind: {
        ...textOption('with light or without'),
        choices: ['photons', 'dark'] as const,
        default: 'photons' as const,
      },
      'gain-stage': {
        ...textOption('adaptive, or all pixels in one stage'),
        choices: ['adaptive', 'high', 'medium', 'low'] as const,
        default: 'adaptive' as const,
      },
      'parallel-gain': flagOption('LPD: every pulse stored once in each gain stage'),
      'lit-every': numberOption(
        'light only in every n-th frame, with a LitFrameFinder and a gas monitor that tell',
      ),
      'photon-energy': { ...numberOption('keV'), default: 9.2 },
      switched: { ...numberOption('share of pixels that leave high gain'), default: 0.004 },
      'common-mode': {
        ...numberOption('standard deviation of what is common to an ASIC in an image, ADU'),
        default: 0,
      },
      'baseline-shift': {
        ...numberOption('by up to this a module lies too low in an image, ADU'),
        default: 0,
      },
      seed: { ...numberOption('seed of the detector and its data'), default: 1 },
      'trains-per-file': { ...numberOption('trains of a sequence file'), default: 256 },
      'format-version': {
        ...textOption('of the files'),
        choices: ['0.5', '1.0', '1.2'] as const,
        default: '1.2' as const,
      },
      truth: textOption('HDF5 file that gets photons and gain stage of every pixel'),
      catalogue: textOption('catalogue that gets the constants  [default: <out>/catalogue]'),
      workers: numberOption('threads  [default: all cores]'),
      overwrite: flagOption('replace the run if it is there'),
      json: flagOption('print the result as JSON'),
    })
    .example(
      '$0 simulate /tmp/sim --detector agipd1m --trains 64 --cells 16',
      'a run of 16 modules in /tmp/sim/raw/r0001, its constants in /tmp/sim/catalogue',
    )
}

function optionsOf(args: ArgumentsCamelCase<SimulateArguments>): SimulationOptions {
  const { workers } = args
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= 256))
    throw new UsageError(`--workers ${workers} is not a number of threads`, { hint: 'Use 1 to 256' })
  const { detector } = kitOf({ id: args.detector })
  return {
    detector,
    modules: parseModules(args.modules ?? `0-${detector.moduleCount - 1}`, detector),
    proposal: args.proposal,
    run: args.run,
    trains: args.trains,
    cells: args.cells,
    trainsPerFile: args.trainsPerFile,
    kind: args.kind,
    stage: STAGES[args.gainStage],
    parallelGain: args.parallelGain,
    ...(args.litEvery === undefined ? {} : { litEvery: args.litEvery }),
    energy: args.photonEnergy,
    switched: args.switched,
    commonMode: args.commonMode,
    baselineShift: args.baselineShift,
    seed: args.seed,
    formatVersion: args.formatVersion,
  }
}

function report({ run, catalogue, truth, files, frames, rawBytes }: SimulationResult): string {
  const lines = [
    `run        ${run}  (${files} files, ${frames} module frames, ${sizeText(rawBytes)})`,
    ...(catalogue === undefined ? [] : [`catalogue  ${catalogue}`]),
    ...(truth === undefined ? [] : [`truth      ${truth}`]),
  ]
  return `${lines.join('\n')}\n`
}
