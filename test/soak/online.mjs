// The online service over many trains, and under many damaged messages: `npm run soak:online [-- --trains N --messages N]`.
// Prints what it saw as JSON; ends with 1 where memory grew, something was lost, or a message was too much.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BridgeClient } from '../../dist/src/bridge/client.js'
import { encodeTrain } from '../../dist/src/bridge/encode.js'
import { BridgeServer } from '../../dist/src/bridge/server.js'
import { checkServeRequest } from '../../dist/src/online/request.js'
import { OnlineService } from '../../dist/src/online/service.js'

const MIB = 2 ** 20
/** MiB of growth that are allowed: from a tenth of the trains on; under damaged messages, where cells of any number come. */
const ALLOWED = { trains: 20, messages: 512 }
const MODULES = [0, 1]
const KARABO_ID = 'SCS_DET_DSSC1M-1'
const PIXELS = 128 * 512
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

const { values } = parseArgs({
  options: {
    trains: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
})
const [trains, messages, seed] = [values.trains, values.messages, values.seed].map(Number)

/** Marsaglia's xorshift: the same numbers every time. */
let state = (seed ^ 0x9e3779b9) >>> 0 || 1
function below(limit) {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  state >>>= 0
  return state % limit
}

const raw = Uint16Array.from({ length: PIXELS }, () => below(512))
const bytes = view => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

function messageOf(train, version = '2.2', cell = 0) {
  return encodeTrain(
    MODULES.map(module => ({
      name: `${KARABO_ID}/DET/${module}CH0:xtdf`,
      time: { train: BigInt(train), seconds: 1_800_000_000n, attoseconds: 0n },
      values: { 'header.pulseCount': 1n },
      arrays: {
        'image.data': { dtype: 'u2', shape: [1, 1, 128, 512], data: bytes(raw) },
        'image.cellId': { dtype: 'u2', shape: [1], data: bytes(Uint16Array.of(cell)) },
        'image.pulseId': { dtype: 'u8', shape: [1], data: bytes(BigUint64Array.of(8n)) },
      },
    })),
    version,
  )
}

async function start(catalogue, more) {
  const source = await BridgeServer.bind({ socket: 'PUSH', endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait' })
  const request = { sources: [source.endpoint], sourceSocket: 'PULL', catalogue, modules: MODULES.join() }
  const service = await OnlineService.start(
    checkServeRequest({
      ...request,
      publish: ['tcp://127.0.0.1:*'],
      whenFull: 'wait',
      deadline: 50,
      ...more,
    }),
    { workers: 2, memory: 128 * MIB, onIncident: () => {} },
  )
  const client = BridgeClient.connect(service.status().outputs[0].endpoint, 'REQ')
  return { source, service, client }
}

/** @throws if nothing comes for a minute: it hangs. */
async function within(promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: hangs`)), 60_000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Resident MiB, the least of some moments: what is garbage comes and goes. */
const least = samples => Math.min(...samples)

/** Starts `detcal serve`; resolves when it says where it serves. */
async function command(catalogue, source) {
  const options = [
    '--source',
    source,
    '--source-socket',
    'PULL',
    '--modules',
    MODULES.join(),
    '--catalogue',
    catalogue,
  ]
  const outputs = ['--publish', 'tcp://127.0.0.1:*', '--when-full', 'wait', '--http', 'off', '--json']
  const child = spawn(process.execPath, [MAIN, 'serve', ...options, ...outputs, '--workers', '2'])
  let told = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    told += text
  })
  const ended = new Promise(resolve => child.on('close', () => resolve(JSON.parse(told))))
  for await (const line of createInterface({ input: child.stderr })) {
    const endpoint = /at (tcp:\S+)/.exec(line)?.[1]
    if (endpoint === undefined) continue
    child.stderr.resume()
    return { child, ended, endpoint }
  }
  throw new Error('detcal serve has ended')
}

/** Whole trains: resident memory of `detcal serve` from a tenth of them on. */
async function manyTrains(catalogue) {
  const source = await BridgeServer.bind({ socket: 'PUSH', endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait' })
  const { child, ended, endpoint } = await command(catalogue, source.endpoint)
  const client = BridgeClient.connect(endpoint, 'REQ')
  const feeding = (async () => {
    for (let train = 1; train <= trains; train++) await source.send(messageOf(train))
  })()
  const samples = []
  for (let train = 1; train <= trains; train++) {
    await within(client.next(), `train ${train}`)
    // Pages of 4 KiB.
    samples.push(Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) / 256)
  }
  await feeding
  const tenth = Math.floor(trains / 10)
  const first = least(samples.slice(tenth - Math.floor(tenth / 2), tenth))
  const last = least(samples.slice(-Math.floor(tenth / 2)))
  child.kill('SIGTERM')
  const { received, complete, lost } = (await within(ended, 'the end')).trains
  client.close()
  await source.close()
  return { received, complete, lost, atATenth: first, atTheEnd: last, grown: last - first }
}

/** A message with bytes flipped, frames cut, joined, repeated, left out or exchanged with another message's. */
function mutated(train) {
  const version = below(4) === 0 ? '1.0' : '2.2'
  const frames = messageOf(train, version, below(3)).map(frame => Uint8Array.from(frame))
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(frames.length)
    const frame = frames[at]
    // Heads are short: where bytes are flipped anywhere, most would be pixels.
    const reach = Math.min(frame.length, below(2) === 0 ? 400 : frame.length)
    const kind = below(8)
    if (kind <= 2) for (let n = 1 + below(8); n > 0 && reach > 0; n--) frame[below(reach)] = below(256)
    else if (kind === 3) frames[at] = frame.subarray(0, below(frame.length + 1))
    else if (kind === 4) frames.splice(at, 1 + below(2))
    else if (kind === 5) frames.splice(at, 0, frames[below(frames.length)])
    else if (kind === 6) frames.splice(at, frames.length, ...messageOf(train + below(3)).slice(at))
    else if (reach > 4)
      new DataView(frame.buffer, frame.byteOffset).setUint32(below(reach - 4), 0xffffffff - below(4))
    if (frames.length === 0) frames.push(Uint8Array.of(below(256)))
  }
  return frames
}

async function manyMessages(catalogue) {
  const { source, service, client } = await start(catalogue)
  let [ended, read] = [false, 0]
  const reading = (async () => {
    for (; !ended; read++) if ((await client.next()) === undefined) return
  })()
  const sound = async train => {
    const before = service.status().trains.complete
    await within(source.send(messageOf(train)), `message ${train}`)
    while (service.status().trains.complete === before) await new Promise(resolve => setTimeout(resolve, 1))
  }
  await within(sound(1), 'a sound train before')
  const before = process.memoryUsage.rss() / MIB
  let most = before
  for (let i = 2; i <= messages; i++) {
    await within(source.send(mutated(i)), `message ${i}`)
    if (i % 100 === 0) most = Math.max(most, process.memoryUsage.rss() / MIB)
  }
  await within(sound(2 ** 40), 'a sound train after')
  const { lost, received } = service.status().trains
  ended = true
  await within(service.close(), 'the end')
  client.close()
  await reading
  await source.close()
  return { received, read, lost, before, most, grown: most - before }
}

const folder = mkdtempSync(join(tmpdir(), 'detcal-soak-'))
try {
  const simulated = [
    'simulate',
    folder,
    '--detector',
    'dssc1m',
    '--modules',
    '0-1',
    '--cells',
    '4',
    '--trains',
    '1',
  ]
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...simulated], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const catalogue = join(folder, 'catalogue')
  const long = trains > 0 ? await manyTrains(catalogue) : undefined
  const hostile = messages > 0 ? await manyMessages(catalogue) : undefined
  process.stdout.write(`${JSON.stringify({ trains: long, messages: hostile }, undefined, 2)}\n`)
  const lossless =
    long === undefined || (long.complete === trains && Object.values(long.lost).every(n => n === 0))
  const bounded = !(long?.grown >= ALLOWED.trains) && !(hostile?.grown >= ALLOWED.messages)
  process.exitCode = lossless && bounded ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
