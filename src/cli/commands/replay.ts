import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { openToOthers, parseEndpoint } from '../../bridge/endpoint.js'
import { BRIDGE_VERSIONS, type BridgeVersion } from '../../bridge/message.js'
import { SERVER_SOCKETS, type ServerSocket } from '../../bridge/server.js'
import { WHEN_FULL, type WhenFull } from '../../bridge/train-queue.js'
import { pixelsOf, rawFrameBytes } from '../../detectors/detector.js'
import { UsageError } from '../../model/errors.js'
import {
  REPLAY_LAYOUTS,
  type ReplayLayout,
  type ReplayOutcome,
  type ReplaySelection,
  replay,
} from '../../online/replay/replay.js'
import { parseModules, parseTrains, selectTrains } from '../../sources/run/query.js'
import type { StoredRun } from '../../sources/run/run.js'
import { openStoredRun } from '../../sources/run/stored-run.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { printJson } from '../output.js'
import { problemLines } from '../problems.js'
import { type Progress, showProgress } from '../progress.js'

/** Options as declared; yargs adds camel-case aliases. */
interface ReplayArguments {
  readonly run: string
  readonly bind: string
  readonly socket: ServerSocket
  readonly protocol: BridgeVersion
  readonly rate: string
  readonly layout: ReplayLayout
  readonly loop: boolean
  readonly detector: string
  readonly modules: string | undefined
  readonly trains: string | undefined
  readonly 'parallel-gain': boolean | undefined
  readonly 'when-full': WhenFull
  readonly json: boolean
}

/** `detcal replay`: a run goes over the Karabo bridge, train by train, as if it were taken now. */
export const replayCommand: CommandModule<object, ReplayArguments> = {
  command: 'replay <run>',
  describe: 'stream a RAW or CORR run over the Karabo bridge, train by train',
  builder: (yargs: Argv) => describeArguments(yargs),
  handler: async (args: ArgumentsCamelCase<ReplayArguments>) => {
    endWith({ code: await interruptible(signal => run(args, signal)) })
  },
}

function describeArguments(yargs: Argv): Argv<ReplayArguments> {
  return yargs
    .positional('run', { type: 'string', demandOption: true, describe: 'folder of the RAW or CORR run' })
    .options({
      bind: {
        type: 'string',
        demandOption: true,
        describe: 'where clients connect: tcp://127.0.0.1:4545, port * for a free one',
      },
      socket: {
        type: 'string',
        choices: SERVER_SOCKETS,
        default: 'REP' as const,
        describe:
          'for clients with REQ, SUB, PULL, DEALER; who subscribes to PUB misses what it cannot take, unseen',
      },
      protocol: {
        type: 'string',
        choices: BRIDGE_VERSIONS,
        default: '2.2' as const,
        describe: 'version of the bridge',
      },
      rate: { type: 'string', default: '10', describe: 'trains a second, or max: as fast as they are taken' },
      layout: {
        type: 'string',
        choices: REPLAY_LAYOUTS,
        default: 'modules' as const,
        describe: 'a source a module, or one of the whole detector',
      },
      loop: {
        type: 'boolean',
        default: false,
        describe: 'begin again after the last train; train ids and times go on rising',
      },
      detector: {
        type: 'string',
        default: 'auto',
        describe: 'detector id or Karabo name, if there are several',
      },
      modules: { type: 'string', describe: 'module numbers: 0,3,5-7 [default: all]' },
      trains: { type: 'string', describe: 'slice over the sorted train ids, A:B[:S], or id=A:B' },
      'parallel-gain': {
        type: 'boolean',
        describe: 'LPD: a train holds its pulses once in each gain stage [default: from control data]',
      },
      'when-full': {
        type: 'string',
        choices: WHEN_FULL,
        default: 'wait' as const,
        describe: 'while the train before is not taken: wait, or drop the one or the other',
      },
      json: { type: 'boolean', default: false, describe: 'print the result as JSON' },
    })
    .example('$0 replay raw/r0001 --bind tcp://127.0.0.1:4545', 'ten trains a second, to who asks for them')
    .example(
      '$0 replay proc/r0001 --bind tcp://127.0.0.1:4545 --layout stacked --rate max',
      'a corrected run, as fast as it is taken',
    ) as unknown as Argv<ReplayArguments>
}

async function run(args: ArgumentsCamelCase<ReplayArguments>, signal: AbortSignal): Promise<number> {
  const rate = parseRate(args.rate)
  parseEndpoint(args.bind, '--bind')
  const { detector, parallelGain } = args
  const opened = await openStoredRun(args.run, {
    ...{ detector, signal },
    ...(parallelGain !== undefined && { parallelGain }),
  })
  const run = { ...opened, problems: problemsOf(opened, args.modules) }
  const selection = selectionOf(run, args)
  const open = openToOthers([args.bind], '--bind')
  if (open) process.stderr.write(`warning: ${open}\n`)
  let progress: Progress | undefined
  const total = selection.trains.length
  const outcome = await replay(run, selection, {
    endpoint: args.bind,
    socket: args.socket,
    version: args.protocol,
    whenFull: args.whenFull,
    layout: args.layout,
    ...{ rate, loop: args.loop, signal },
    onBound: endpoint =>
      process.stderr.write(`${run.karaboId}: ${total} trains at ${endpoint} (${args.socket})\n`),
    onTrain: done => {
      progress ??= showProgress({ total, bytes: bytesOf(run, selection), trains: total })
      progress.update(done)
      if (done < total) return
      // The next pass, if there is one, has its own.
      progress.stop()
      progress = undefined
    },
  }).finally(() => progress?.stop())
  process.stderr.write(problemLines(outcome.problems))
  const { karaboId, corrected } = run
  if (args.json)
    printJson({ karaboId, corrected, modules: [...selection.modules.keys()], trains: total, ...outcome })
  else process.stdout.write(report(karaboId, outcome))
  // What was sent is told; the exit code says that it was stopped.
  signal.throwIfAborted()
  return outcome.problems.some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.done
}

/** @throws UsageError */
function parseRate(text: string): number {
  if (text === 'max') return Infinity
  const rate = Number(text)
  // Below, a train would take longer than timers run.
  if (rate >= 1e-3 && rate <= 1e6) return rate
  throw new UsageError(`--rate ${JSON.stringify(text)} is not a number of trains a second`, {
    hint: 'Use a number from 0.001 on, such as 10, or max: as fast as they are taken',
  })
}

/** @throws UsageError if nothing is selected. */
function selectionOf(run: StoredRun, args: ArgumentsCamelCase<ReplayArguments>): ReplaySelection {
  const trains = selectTrains(run.trainIds, args.trains === undefined ? undefined : parseTrains(args.trains))
  if (args.modules === undefined) return { modules: run.modules, trains }
  const wanted = new Set(parseModules(args.modules, run.detector))
  const modules = new Map([...run.modules].filter(([module]) => wanted.has(module)))
  if (modules.size === 0)
    throw new UsageError(`--modules ${args.modules} selects none of the run's modules`, {
      place: { file: run.path },
      hint: `They are ${[...run.modules.keys()].join(', ')}`,
    })
  return { modules, trains }
}

/** Those that concern the modules that are sent. */
function problemsOf({ problems, detector }: StoredRun, modules: string | undefined): StoredRun['problems'] {
  if (modules === undefined) return problems
  const wanted = new Set<number>(parseModules(modules, detector))
  return problems.filter(({ place: { module } }) => module === undefined || wanted.has(module))
}

/** Bytes of the frames that are to be sent, for the rate: of corrected ones data, gain and mask. */
function bytesOf(
  { detector, corrected, rawFrames }: StoredRun,
  { modules, trains }: ReplaySelection,
): number {
  const wanted = new Set<number>(trains)
  const frameBytes = corrected ? 9 * pixelsOf(detector) : rawFrames * rawFrameBytes(detector)
  const entries = [...modules.values()].flat().flatMap(file => file.trains)
  return entries.reduce(
    (sum, { trainId, image }) => (wanted.has(trainId) ? sum + image.count * frameBytes : sum),
    0,
  )
}

const GB = 1e9

function report(karaboId: string, outcome: ReplayOutcome): string {
  const { sent, dropped, leftOut, unsent, frames, bytes, lostParts, seconds } = outcome
  const parts = [
    `${sent} trains sent`,
    `${dropped} dropped`,
    ...(leftOut > 0 ? [`${leftOut} left out`] : []),
    ...(unsent > 0 ? [`${unsent} not taken`] : []),
    ...(lostParts > 0 ? [`${lostParts} parts of modules lost`] : []),
  ]
  return (
    `${karaboId}: ${parts.join(', ')}\n` +
    `${frames} module frames, ${(bytes / GB).toFixed(2)} GB in ${seconds.toFixed(2)} s: ` +
    `${(sent / seconds).toFixed(1)} trains/s, ${(bytes / seconds / GB).toFixed(2)} GB/s\n`
  )
}
