import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAIN } from '../helpers/command.js'
import { type Host, makeNetwork, type Program } from './network.js'

const FRAMES = '2'
const RATE = '10'
const SECOND = 1000

interface SeenTrain {
  readonly train: number
  readonly present: readonly boolean[]
  readonly empty: readonly boolean[]
}

let network: ReturnType<typeof makeNetwork>
let feeder: Host, low: Host, high: Host, joining: Host
beforeEach(() => {
  network = makeNetwork(4)
  ;[feeder, low, high, joining] = network.hosts as [Host, Host, Host, Host]
})
afterEach(() => network.close())

const detcal = (host: Host, ...args: readonly string[]): Program =>
  host.start(process.execPath, [MAIN, ...args, '--http', 'off'])
const script = (host: Host, name: string, ...args: readonly string[]): Program =>
  host.start(process.execPath, [join(import.meta.dirname, name), ...args])

function serve(host: Host, modules: string): Program {
  return detcal(
    host,
    ...['serve', '--source', `tcp://${feeder.address}:4545`, '--source-socket', 'SUB', '--modules', modules],
    ...['--steps', 'none', '--workers', '1', '--memory', '512MiB', '--output', 'modules'],
    ...['--publish', `tcp://${host.address}:4601`],
  )
}

/** Everything runs; resolves when trains of all modules come. */
async function start(): Promise<{ hosts: Program[]; combine: Program; trains: () => SeenTrain[] }> {
  script(feeder, 'raw-feeder.mjs', `tcp://${feeder.address}:4545`, RATE, FRAMES)
  const hosts = [serve(low, '0-1'), serve(high, '2-3')]
  const combine = detcal(
    joining,
    ...['combine', '--source', `tcp://${low.address}:4601`, '--source', `tcp://${high.address}:4601`],
    ...['--modules', '0-3', '--deadline', '300', '--publish', `tcp://127.0.0.1:4600`, '--json'],
  )
  const reader = script(joining, 'train-reader.mjs', 'tcp://127.0.0.1:4600')
  const trains = () => reader.lines.map((line): SeenTrain => JSON.parse(line))
  await until(trains, ({ present }) => present.every(Boolean), combine)
  return { hosts, combine, trains }
}

/** Resolves when, from now on, a train comes that is as wanted. */
async function until(
  trains: () => SeenTrain[],
  wanted: (train: SeenTrain) => boolean,
  combine: Program,
): Promise<void> {
  const before = trains().length
  await expect
    .poll(() => trains().slice(before).some(wanted), {
      timeout: 60 * SECOND,
      interval: 100,
      message: combine.lines.slice(-5).join('\n'),
    })
    .toBe(true)
}

const ALL = (train: SeenTrain): boolean => train.present.join() === 'true,true,true,true'
const LOW_ONLY = (train: SeenTrain): boolean => train.present.join() === 'true,true,false,false'

/** What holds for every train that came: none twice, and NaN exactly where modules are said to be missing. */
function checkAll(trains: readonly SeenTrain[]): void {
  expect(new Set(trains.map(({ train }) => train)).size).toBe(trains.length)
  for (const { present, empty } of trains) expect(empty).toEqual(present.map(there => !there))
}

/** The summary of a service that is asked to end. */
async function summary(
  combine: Program,
): Promise<{ trains: Record<string, number>; modules: { missing: number }[] }> {
  combine.child.kill('SIGINT')
  await combine.ended
  const text = combine.lines
    .slice(combine.lines.findIndex(line => line === '{' || line.startsWith('{"state"')))
    .join('\n')
  return JSON.parse(text)
}

describe('module groups on hosts of their own, joined on a fourth', () => {
  it('a host that is killed leaves NaN, and heals the stream when it is started again', async () => {
    const { hosts, combine, trains } = await start()
    hosts[1]?.child.kill('SIGKILL')
    await until(trains, LOW_ONLY, combine)
    serve(high, '2-3')
    await until(trains, ALL, combine)
    checkAll(trains())
    const { trains: counts, modules } = await summary(combine)
    const [ofLow = 0, , ofHigh = 0] = modules.map(({ missing }) => missing)
    expect(ofHigh).toBeGreaterThan(0)
    // A train may lack a group of either host: the feeder waits for nobody.
    expect(counts['partial']).toBe(ofLow + ofHigh)
  })

  it('a cable that is pulled leaves NaN, and heals the stream when it is plugged in', async () => {
    const { combine, trains } = await start()
    high.link('down')
    await until(trains, LOW_ONLY, combine)
    high.link('up')
    await until(trains, ALL, combine)
    checkAll(trains())
  })

  it('a host that vanishes with its cable, and comes back as another process, is found again', async () => {
    const { hosts, combine, trains } = await start()
    // What the host sends when it dies does not get through.
    high.link('down')
    await until(trains, LOW_ONLY, combine)
    hosts[1]?.child.kill('SIGKILL')
    await hosts[1]?.ended
    serve(high, '2-3')
    high.link('up')
    await until(trains, ALL, combine)
    checkAll(trains())
  })
})
