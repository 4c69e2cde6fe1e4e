import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import { encodeTrain } from '../../src/bridge/encode.js'
import { BRIDGE_VERSIONS, type BridgeSource } from '../../src/bridge/message.js'
import { numpyName } from '../../src/bridge/numpy.js'
import { BridgeServer, type ServerSocket } from '../../src/bridge/server.js'

const PEER = new URL('bridge-peer.py', import.meta.url).pathname
const peers: ChildProcess[] = []
afterEach(() => {
  for (const peer of peers.splice(0)) peer.kill()
})

/** Lines of JSON that the facility's program prints. */
function peer(...args: string[]): AsyncIterableIterator<string> {
  const child = spawn('/usr/bin/python3', [PEER, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  peers.push(child)
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

async function line(lines: AsyncIterableIterator<string>): Promise<Record<string, unknown>> {
  const { value, done } = await lines.next()
  if (done) throw new Error('the peer has ended')
  return JSON.parse(value)
}

/** A train as the peer tells one: integers as text, arrays by checksum. */
function told(sources: readonly BridgeSource[]): Record<string, unknown> {
  const plain = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(plain)
      : typeof value === 'bigint' || Number.isInteger(value)
        ? String(value)
        : value
  return Object.fromEntries(
    sources.map(({ name, time, values, arrays }) => [
      name,
      {
        values: {
          ...Object.fromEntries(Object.entries(values).map(([key, value]) => [key, plain(value)])),
          ...Object.fromEntries(
            Object.entries(arrays).map(([key, { dtype, shape, data }]) => [
              key,
              {
                dtype: numpyName(dtype),
                shape,
                sha256: createHash('sha256').update(data).digest('hex'),
              },
            ]),
          ),
        },
        metadata: expect.objectContaining({
          source: name,
          'timestamp.tid': String(time.train),
          'timestamp.sec': String(time.seconds),
          'timestamp.frac': String(time.attoseconds).padStart(18, '0'),
        }),
      },
    ]),
  )
}

function trainOf(id: number): BridgeSource[] {
  const time = {
    train: 10_000_000_000n + BigInt(id),
    seconds: 1_700_000_000n,
    attoseconds: 500_000_000_000_000_001n,
  }
  const data = Float32Array.from({ length: 24 }, (_, i) => (i === 5 ? Number.NaN : i / 3))
  const ids = BigUint64Array.of(0n, (1n << 63n) + 1n, (1n << 64n) - 1n)
  const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  return [
    {
      name: 'SPB_DET_AGIPD1M-1/CAL/APPEND_CORRECTED',
      time,
      values: {
        sources: ['a', 'b'],
        modulesPresent: [true, false],
        large: 1n << 60n,
        id,
        text: 'Ångström',
        none: null,
      },
      arrays: {
        'image.data': { dtype: 'f4', shape: [2, 3, 4], data: bytes(data) },
        'image.pulseId': { dtype: 'u8', shape: [3], data: bytes(ids) },
        'image.mask': { dtype: 'u4', shape: [0, 3], data: new Uint8Array(0) },
      },
    },
    { name: 'A/CONTROL/DEVICE', time, values: { value: -0.5 }, arrays: {} },
  ]
}

describe.each(BRIDGE_VERSIONS)('protocol %s', version => {
  const SOCKETS: [ServerSocket, string][] = [
    ['REP', 'REQ'],
    ['PUB', 'SUB'],
    ['PUSH', 'PULL'],
    ['ROUTER', 'REQ'],
    ['ROUTER', 'DEALER'],
  ]
  it.each(SOCKETS)("from %s: the facility's client reads every train by %s", async (socket, client) => {
    const server = await BridgeServer.bind({ socket, endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait' })
    const lines = peer('read', client, server.endpoint, '3')
    let id = 0
    let ended = false
    // A subscriber misses what was published before it was there: trains come until it has read three.
    const sending = (async () => {
      while (!ended) {
        await server.send(encodeTrain(trainOf(id++), version))
        if (socket === 'PUB') await turn()
      }
    })()
    const seen: number[] = []
    for (let i = 0; i < 3; i++) {
      const found = await line(lines)
      const values = (found['SPB_DET_AGIPD1M-1/CAL/APPEND_CORRECTED'] as { values: { id: string } }).values
      seen.push(Number(values.id))
      expect(found).toEqual(told(trainOf(Number(values.id))))
    }
    ended = true
    const [first = 0] = seen
    expect(seen).toEqual(socket === 'PUB' ? [...seen].sort((a, b) => a - b) : [first, first + 1, first + 2])
    await server.close()
    await sending
  })

  it.each([
    ['REP', 'REQ'],
    ['PUSH', 'PULL'],
  ] as const)("from the facility's server (%s) every train is read by %s", async (theirs, ours) => {
    const lines = peer('serve', theirs, version, '3')
    const { endpoint } = await line(lines)
    const client = BridgeClient.connect(String(endpoint), ours)
    for (let i = 0; i < 3; i++) {
      const expected = await line(lines)
      const frames = await client.next()
      const sources = decodeTrain(frames ?? [])
      expect(told(sources)).toEqual(expected)
    }
    client.close()
    expect(await client.next()).toBeUndefined()
  })
})

it('a request that is not one is answered in words, and counted', async () => {
  const server = await BridgeServer.bind({
    socket: 'REP',
    endpoint: 'tcp://127.0.0.1:*',
    whenFull: 'drop-oldest',
  })
  const { Request } = await import('zeromq')
  const client = new Request({ linger: 0 })
  client.connect(server.endpoint)
  await client.send('more')
  expect(String((await client.receive())[0])).toBe('Error: bad request more')
  expect(server.counts).toEqual({ sent: 0, dropped: 0, refused: 1 })
  client.close()
  await server.close()
})
