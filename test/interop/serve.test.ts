import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeTrain } from '../../src/bridge/encode.js'
import { BRIDGE_VERSIONS } from '../../src/bridge/message.js'
import { startDetcal } from '../helpers/command.js'
import { expectEqual } from '../helpers/compare-served.js'
import { type Frames, type GoldenStream, goldenStream, moduleSources } from '../helpers/golden-stream.js'
import { Online, serving, until, within } from '../helpers/online.js'

const PEER = new URL('bridge-peer.py', import.meta.url).pathname

let golden: GoldenStream
let offline: Frames
const programs: ChildProcess[] = []
const open: Online[] = []
beforeAll(async () => {
  golden = await goldenStream('agipd')
  offline = await golden.correct()
})
afterAll(() => golden.remove())
afterEach(async () => {
  for (const online of open.splice(0)) await online.close()
  for (const program of programs.splice(0)) program.kill('SIGKILL')
})

/** Lines that a program of the facility prints. */
function program(command: string, ...args: string[]): AsyncIterableIterator<string> {
  const env = { ...process.env, PYTHONUNBUFFERED: '1' }
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  programs.push(child)
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

async function line(lines: AsyncIterableIterator<string>): Promise<string> {
  const { value, done } = await within(lines.next(), 'a line', 60_000)
  if (done) throw new Error('the program has ended')
  return value
}

async function start(...args: [Parameters<typeof Online.start>[1]?, Parameters<typeof Online.start>[2]?]) {
  const online = await Online.start(golden, ...args)
  open.push(online)
  return online
}

const trains = () => golden.trains.filter(({ modules }) => modules.size === 3)
const sha256 = (parts: readonly Uint8Array[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

describe.each(BRIDGE_VERSIONS)("detcal serve, protocol %s: the facility's client", protocol => {
  const SOCKETS = [
    ['REP', 'REQ'],
    ['PUB', 'SUB'],
    ['PUSH', 'PULL'],
    ['ROUTER', 'DEALER'],
  ] as const
  it.each(SOCKETS)('reads from %s by %s what files have', async (socket, client) => {
    const source = await serving()
    const { at = '', conditions = {} } = golden.request
    const { child, ended } = startDetcal(
      ...['serve', '--source', source.endpoint, '--catalogue', golden.catalogue, '--at', at],
      ...Object.entries(conditions).flatMap(([name, value]) => ['--condition', `${name}=${value}`]),
      ...['--publish', 'tcp://127.0.0.1:*', '--publish-socket', socket, '--protocol', protocol],
      ...['--output', 'modules', '--axis-order', 'file', '--bad-pixels', 'mask', '--modules', '0,4,15'],
      ...['--when-full', 'wait', '--workers', '2', '--http', 'off'],
    )
    programs.push(child)
    const told = createInterface({ input: child.stderr as NodeJS.ReadableStream })[Symbol.asyncIterator]()
    const endpoint = /at (tcp:\S+)/.exec(await line(told))?.[1] ?? ''
    const lines = program('/usr/bin/python3', PEER, 'read', client, endpoint, '3')
    // A subscriber misses what was published before it was there: trains come until it has read three.
    let ended_ = false
    const of = (i: number) => trains()[i % trains().length] as ReturnType<typeof trains>[number]
    const feeding = (async () => {
      for (let i = 0; !ended_; i++)
        await source.send(encodeTrain(moduleSources(golden, { ...of(i), train: 1_000_000 + i }), '2.2'))
    })()
    for (let i = 0; i < 3; i++) {
      const found = JSON.parse(await line(lines)) as Record<
        string,
        {
          values: Record<string, { dtype: string; shape: number[]; sha256: string }>
          metadata: Record<string, string>
        }
      >
      expect(Object.keys(found)).toHaveLength(3)
      for (const [name, { values, metadata }] of Object.entries(found)) {
        const train = of(Number(metadata['timestamp.tid']) - 1_000_000).train
        const module = Number(/\/CORR\/(\d+)CH0:output$/.exec(name)?.[1])
        const frames = offline.get(train)?.get(module) ?? []
        const shape = [frames.length, 512, 128]
        expect(values).toMatchObject({
          'image.data': { dtype: 'float32', shape, sha256: sha256(frames.map(({ data }) => data)) },
          'image.gain': { dtype: 'uint8', shape, sha256: sha256(frames.map(({ gain }) => gain)) },
          'image.mask': { dtype: 'uint32', shape, sha256: sha256(frames.map(({ mask }) => mask)) },
        })
      }
    }
    ended_ = true
    child.kill('SIGTERM')
    const { status, stdout } = await within(ended, 'detcal serve ends')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/lost\s+(nothing|\d+ unconsumed)/)])
    await source.close()
    await feeding
  })
})

describe("the facility's server of files", () => {
  it.each([[[]], [['--append-detector-modules']]])('feeds it: %j', async options => {
    const { path } = golden.plan.run
    const lines = program(
      'karabo-bridge-serve-files',
      path,
      'tcp://127.0.0.1:*',
      '--source',
      '*/DET/*',
      ...options,
    )
    const endpoint = /(tcp:\S+)/.exec(await line(lines))?.[1] ?? ''
    const online = await start({ badPixelsAs: 'mask', deadline: 50 }, { sources: [endpoint] })
    // What appends modules ends at the first train that lacks one.
    const lacking = golden.trains.findIndex(({ modules }) => modules.size < 3)
    const wanted = options.length > 0 ? golden.trains.slice(0, Math.min(lacking, 3)) : golden.trains
    for (const train of wanted) {
      let served = await online.next()
      while (served.train < train.train) served = await online.next()
      expectEqual(served, train, offline)
    }
    expect(online.status.trains.lost).toMatchObject({ uncorrected: 0, disagreeing: 0, late: 0, duplicate: 0 })
  })
})

describe("the facility's simulator, whose raw AGIPD has no gain plane", () => {
  async function simulated(...options: string[]): Promise<string> {
    const port = await new Promise<number>(resolve => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number }
        server.close(() => resolve(port))
      })
    })
    program('karabo-bridge-server-sim', String(port), '-r', ...options)
    return `tcp://127.0.0.1:${port}`
  }

  it.each(
    BRIDGE_VERSIONS,
  )('one module, protocol %s: is corrected in the fixed stage that is named', async protocol => {
    const endpoint = await simulated('-d', 'AGIPDModule', '-p', protocol)
    const online = await start({ gainMode: 'high', modules: '0', axisOrder: 'file' }, { sources: [endpoint] })
    for (let i = 0; i < 2; i++) {
      const served = await online.next()
      expect([served.present, served.cellIds]).toEqual([[0], Array.from({ length: 64 }, (_, cell) => cell)])
      const [plane] = served.frames.get(0) ?? []
      const values = new Float32Array(Uint8Array.from(plane?.data ?? []).buffer)
      expect(values.filter(Number.isFinite).length).toBeGreaterThan(values.length / 2)
    }
    expect(Object.values(online.status.trains.lost).every(count => count === 0)).toBe(true)
  })

  it.each(['AGIPD', 'AGIPDModule'])('%s: is refused by name without', async detector => {
    const endpoint = await simulated('-d', detector, '-g', 'zeros')
    const online = await start({ modules: '0' }, { sources: [endpoint], client: 'none' })
    await until(() => online.status.trains.lost.damaged > 0, 'it is refused', 120_000)
    const [incident] = online.incidents
    expect(incident?.message).toMatch(
      /SPB_DET_AGIPD1M-1.*raw gain of each pixel is missing.*--gain-mode high/,
    )
    expect(online.status.trains.received).toBe(0)
  })

  it('all modules in one array: is corrected, too', async () => {
    const endpoint = await simulated('-d', 'AGIPD', '-g', 'zeros')
    const online = await start(
      { gainMode: 'high', modules: '0,4', pulses: ':1', axisOrder: 'file' },
      { sources: [endpoint] },
    )
    const served = await within(online.next(), 'a train', 120_000)
    expect([served.present, served.cellIds]).toEqual([[0, 4], [0]])
  })
})
