import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BRIDGE_VERSIONS } from '../../src/bridge/message.js'
import { detcal, startDetcal } from '../helpers/command.js'

const PEER = new URL('bridge-peer.py', import.meta.url).pathname
const FILES = new URL('replay-peer.py', import.meta.url).pathname
const TRAINS = 3

let folder: string
let raw: string
let corrected: string
/** Four modules, of which two are missing between the others. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-replay-'))
  raw = join(folder, 'raw', 'r0001')
  corrected = join(folder, 'proc')
  const size = [
    '--trains',
    String(TRAINS),
    '--cells',
    '2',
    '--trains-per-file',
    '2',
    '--modules',
    '0,3,10,15',
  ]
  expect(detcal('simulate', folder, '--detector', 'agipd1m', ...size).status).toBe(0)
  expect(detcal('correct', raw, '--out', corrected, '--catalogue', join(folder, 'catalogue')).status).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

interface Told {
  readonly values: Record<string, unknown>
  readonly metadata: Record<string, unknown>
}

/** Trains that the facility's client reads: each source's values, arrays by checksum. */
async function read(socket: string, endpoint: string, count: number): Promise<Record<string, Told>[]> {
  const child = spawn('/usr/bin/python3', [PEER, 'read', socket, endpoint, String(count)])
  started.push(child)
  let errors = ''
  child.stderr.on('data', text => {
    errors += text
  })
  const trains: Record<string, Told>[] = []
  for await (const line of createInterface({ input: child.stdout })) trains.push(JSON.parse(line))
  if (trains.length < count) throw new Error(`the client read ${trains.length} trains: ${errors}`)
  return trains
}

/** Starts `detcal replay` and resolves where it serves. */
async function serve(...args: string[]) {
  const { child, ended } = startDetcal('replay', ...args, '--bind', 'tcp://127.0.0.1:*')
  started.push(child)
  const endpoint = new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', (more: string) => {
      text += more
      const [found] = /tcp:\S+/.exec(text) ?? []
      if (found) resolve(found)
    })
    child.on('exit', code => reject(new Error(`ended with ${code}: ${text}`)))
  })
  return { child, ended, endpoint: await endpoint }
}

/** What h5py finds in a run's files, by train. */
function inFiles(layout: string, run: string): Map<string, Record<string, Record<string, unknown>>> {
  const text = execFileSync('/usr/bin/python3', [FILES, layout, run], { encoding: 'utf8' })
  const trains = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  return new Map(trains.map(({ train, sources }) => [train, sources]))
}

const valuesOf = (train: Record<string, Told>) =>
  Object.fromEntries(Object.entries(train).map(([source, { values }]) => [source, values]))
const idOf = (train: Record<string, Told>) => String(Object.values(train)[0]?.metadata['timestamp.tid'])

describe.each(
  BRIDGE_VERSIONS,
)("protocol %s: the facility's client reads what h5py finds in the files", protocol => {
  it.each([
    ['REP', 'REQ', 'modules', 'raw'],
    ['REP', 'REQ', 'modules', 'corrected'],
    ['PUSH', 'PULL', 'stacked', 'raw'],
    ['PUSH', 'PULL', 'stacked', 'corrected'],
    ['ROUTER', 'DEALER', 'modules', 'raw'],
    ['ROUTER', 'REQ', 'stacked', 'corrected'],
  ])('%s to %s, %s, %s', async (socket, client, layout, kind) => {
    const run = kind === 'raw' ? raw : corrected
    const options = ['--socket', socket, '--layout', layout, '--protocol', protocol, '--rate', 'max']
    const { endpoint, ended } = await serve(run, ...options)
    const trains = await read(client, endpoint, TRAINS)
    const files = inFiles(layout, run)
    expect(trains.map(idOf)).toEqual([...files.keys()])
    for (const train of trains) {
      expect(valuesOf(train)).toEqual(files.get(idOf(train)))
      for (const [source, { metadata }] of Object.entries(train)) {
        expect(metadata['source']).toBe(source)
        expect(metadata['timestamp.sec']).toMatch(/^\d{10}$/)
        expect(metadata['timestamp.frac']).toMatch(/^\d{18}$/)
      }
    }
    const { status, stdout } = await ended
    expect([status, stdout.split('\n')[0]]).toEqual([0, 'SPB_DET_AGIPD1M-1: 3 trains sent, 0 dropped'])
  })

  it.each([
    ['modules', 'corrected'],
    ['stacked', 'raw'],
  ])('PUB to SUB, %s, %s, from wherever it comes in', async (layout, kind) => {
    const run = kind === 'raw' ? raw : corrected
    const options = ['--socket', 'PUB', '--layout', layout, '--protocol', protocol, '--rate', '50', '--loop']
    const { child, endpoint, ended } = await serve(run, ...options)
    const trains = await read('SUB', endpoint, 2 * TRAINS)
    child.kill('SIGTERM')
    expect((await ended).status).toBe(143)
    const files = [...inFiles(layout, run)]
    const [first] = files
    for (const train of trains) {
      const sources = files[Number(BigInt(idOf(train)) - BigInt(first?.[0] ?? 0)) % TRAINS]?.[1]
      expect(withoutTrainIds(valuesOf(train))).toEqual(withoutTrainIds(sources ?? {}))
    }
    const ids = trains.map(train => BigInt(idOf(train)))
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => Number(a - b)))
  })
})

/** In a later pass they are others than in the file. */
function withoutTrainIds(sources: Record<string, Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sources).map(([name, values]) => [
      name,
      Object.fromEntries(Object.entries(values).filter(([key]) => !key.endsWith('.trainId'))),
    ]),
  )
}

describe("the facility's karabo-bridge-serve-files", () => {
  /** What it sends of a run. */
  async function facility(run: string, ...options: string[]) {
    const port = await freePort()
    const endpoint = `tcp://127.0.0.1:${port}`
    const child = spawn('karabo-bridge-serve-files', [run, endpoint, ...options], { stdio: 'ignore' })
    started.push(child)
    return read('REQ', endpoint, TRAINS)
  }

  it.each(['raw', 'corrected'])('sends the same of each module: %s', async kind => {
    const run = kind === 'raw' ? raw : corrected
    const theirs = await facility(run, '--source', kind === 'raw' ? '*CH0:xtdf' : '*/CORR/*')
    const { endpoint } = await serve(run, '--rate', 'max')
    const ours = await read('REQ', endpoint, TRAINS)
    expect(ours.map(idOf)).toEqual(theirs.map(idOf))
    expect(ours.map(valuesOf)).toEqual(theirs.map(valuesOf))
  })

  it('sends the same of all modules', async () => {
    const options = ['--source', '*CH0:xtdf', '--key', 'image.*', '--append-detector-modules']
    const theirs = await facility(raw, ...options)
    const { endpoint } = await serve(raw, '--rate', 'max', '--layout', 'stacked')
    const ours = (await read('REQ', endpoint, TRAINS)).map(valuesOf).map(train =>
      Object.fromEntries(
        Object.entries(train).map(([source, { sources, modulesPresent, ...values }]) => {
          expect([sources, modulesPresent].map(list => (list as unknown[]).length)).toEqual([16, 16])
          return [source, values]
        }),
      ),
    )
    expect(ours).toEqual(theirs.map(valuesOf))
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}
