import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { curveKeyPair, Publisher, Request } from 'zeromq'
import { BridgeClient, type ClientSocket } from '../../src/bridge/client.js'
import { type CurveKeys, readCurveKeys, writeCurveKeys } from '../../src/bridge/curve-keys.js'
import { encodeTrain } from '../../src/bridge/encode.js'
import { BridgeServer, SERVER_SOCKETS, type ServerSocket } from '../../src/bridge/server.js'
import { z85 } from '../../src/bridge/z85.js'
import { CombineService } from '../../src/online/combine/combine-service.js'
import { checkCombineRequest } from '../../src/online/combine/request.js'
import { correctedSource } from '../helpers/online-sources.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-keys-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const PEER: Readonly<Record<ServerSocket, ClientSocket>> = {
  REP: 'REQ',
  PUB: 'SUB',
  PUSH: 'PULL',
  ROUTER: 'REQ',
}
const keysOf = (others: Partial<CurveKeys> = {}): CurveKeys => ({
  ...curveKeyPair(),
  servers: {},
  clients: [],
  ...others,
})

/** A server that sends the same train again and again. */
async function sending(socket: ServerSocket, keys: CurveKeys, refused: string[] = []): Promise<BridgeServer> {
  const security = { keys, onRefused: (_: string, key: string) => refused.push(key) }
  const server = await BridgeServer.bind({
    socket,
    endpoint: 'tcp://127.0.0.1:*',
    whenFull: 'drop-oldest',
    security,
  })
  const timer = setInterval(() => void server.send([Buffer.from('train')]), 5)
  open.push({ close: () => server.close() }, { close: () => clearInterval(timer) })
  return server
}

function clientOf(server: BridgeServer, socket: ClientSocket, keys?: CurveKeys): BridgeClient {
  const client = BridgeClient.connect(server.endpoint, socket, keys)
  open.push(client)
  return client
}

describe('CurveZMQ', () => {
  it.each(SERVER_SOCKETS)('%s serves who is named, and nobody else', async socket => {
    const [named, stranger] = [keysOf(), keysOf()]
    const own = keysOf({ clients: [named.publicKey] })
    const refused: string[] = []
    const server = await sending(socket, own, refused)
    const servers = { '*': own.publicKey }
    const got: string[] = []
    const listen = (name: string, keys?: CurveKeys) =>
      void clientOf(server, PEER[socket], keys)
        .next()
        .then(frames => frames && got.push(name))
    listen('without keys')
    listen('stranger', { ...stranger, servers })
    listen('who takes another for the server', { ...named, servers: { '*': stranger.publicKey } })
    // It stands at the door and is sent away before the one that is named comes.
    await expect.poll(() => refused[0]).toBe(stranger.publicKey)
    for (let i = 0; i < 3; i++)
      expect(String((await clientOf(server, PEER[socket], { ...named, servers }).next())?.[0])).toBe('train')
    expect(got).toEqual([])
    expect(new Set(refused)).toEqual(new Set([stranger.publicKey]))
  })

  it('a client with a key takes nothing from a server without', async () => {
    const socket = new Publisher({ linger: 0 })
    await socket.bind('tcp://127.0.0.1:*')
    const timer = setInterval(() => void socket.send('train'), 5)
    open.push(socket, { close: () => clearInterval(timer) })
    const { publicKey } = curveKeyPair()
    const secure = BridgeClient.connect(
      socket.lastEndpoint ?? '',
      'SUB',
      keysOf({ servers: { '*': publicKey } }),
    )
    const plain = BridgeClient.connect(socket.lastEndpoint ?? '', 'SUB')
    open.push(secure, plain)
    const got: string[] = []
    void secure.next().then(frames => frames && got.push('secure'))
    for (let i = 0; i < 20; i++) await plain.next()
    expect(got).toEqual([])
  })

  it('servers of one process let in whom each of them names', async () => {
    const [first, second] = [keysOf(), keysOf()]
    const [a, b] = [keysOf({ clients: [first.publicKey] }), keysOf({ clients: [second.publicKey] })]
    const refused: string[] = []
    const servers = [await sending('PUSH', a, refused), await sending('PUSH', b, refused)]
    const wrong = clientOf(servers[1] as BridgeServer, 'PULL', { ...first, servers: { '*': b.publicKey } })
    const got: unknown[] = []
    void wrong.next().then(frames => frames && got.push(frames))
    await expect.poll(() => refused).toContain(first.publicKey)
    const right = clientOf(servers[0] as BridgeServer, 'PULL', { ...first, servers: { '*': a.publicKey } })
    expect(await right.next()).toHaveLength(1)
    expect(got).toEqual([])
  })

  it('nobody is served where nobody is named', async () => {
    await expect(sending('REP', keysOf())).rejects.toThrow(/nobody may read from/)
  })

  it('detcal combine reads and serves with keys, and says who was refused and what it reads without', async () => {
    const [host, reader] = [keysOf(), keysOf()]
    const file = join(folder, 'combine.yml')
    const publicKey = writeCurveKeys(file)
    host.clients.push(publicKey)
    const security = { keys: host, onRefused: () => {} }
    const source = await BridgeServer.bind({
      socket: 'REP',
      endpoint: 'tcp://127.0.0.1:*',
      whenFull: 'wait',
      security,
    })
    const text = readFileSync(file, 'utf8')
      .replace(
        'servers: {}',
        `servers: { ${JSON.stringify(source.endpoint)}: ${JSON.stringify(host.publicKey)} }`,
      )
      .replace('clients: []', `clients: [${JSON.stringify(reader.publicKey)}]`)
    writeFileSync(file, text)
    const told: string[] = []
    const service = await CombineService.start(
      checkCombineRequest({
        ...{
          sources: [source.endpoint, 'tcp://127.0.0.1:9'],
          publish: ['tcp://127.0.0.1:*'],
          curveKeys: file,
        },
        ...{ modules: '0', whenFull: 'wait' },
      }),
      ({ message }) => told.push(message),
    )
    open.push(source, service)
    expect(told).toEqual([expect.stringContaining('tcp://127.0.0.1:9 is read in the clear')])
    const endpoint = service.status().outputs[0]?.endpoint ?? ''
    const stranger = BridgeClient.connect(endpoint, 'REQ', keysOf({ servers: { '*': publicKey } }))
    const plain = new Request({ linger: 0 })
    plain.connect(endpoint)
    open.push(stranger, plain)
    const got: string[] = []
    void stranger.next().then(frames => frames && got.push('stranger'))
    void plain.send('next').then(
      () =>
        plain.receive().then(
          () => got.push('plain'),
          () => {},
        ),
      () => {},
    )
    await expect
      .poll(() => told.at(-1))
      .toMatch(/^a client at 127.0.0.1 was refused: .{40} is not among the clients$/)
    await source.send(encodeTrain([correctedSource(0, 5, 2)], '2.2'))
    const client = BridgeClient.connect(endpoint, 'REQ', { ...reader, servers: { '*': publicKey } })
    open.push(client)
    expect((await client.next())?.length).toBeGreaterThan(1)
    expect(got).toEqual([])
  })

  it('says what other machines may read, where there are no keys', async () => {
    const told: string[] = []
    const request = { sources: ['tcp://127.0.0.1:9'], publish: ['tcp://0.0.0.0:*'] }
    open.push(await CombineService.start(checkCombineRequest(request), ({ message }) => told.push(message)))
    expect(told).toEqual([
      expect.stringMatching(/^tcp:\/\/0\.0\.0\.0:\*: whoever reaches.*or give --curve-keys$/),
    ])
  })
})

describe('a file of keys', () => {
  it('is new, private, and has keys that belong together', async () => {
    const file = join(folder, 'new.yml')
    const publicKey = writeCurveKeys(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await readCurveKeys(file)).toMatchObject({ publicKey, servers: {}, clients: [] })
    const before = readFileSync(file, 'utf8')
    expect(() => writeCurveKeys(file)).toThrow(/cannot be written/)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('is refused if others may read it, or it is not one; no message shows a secret', async () => {
    const file = join(folder, 'bad.yml')
    writeCurveKeys(file)
    const good = readFileSync(file, 'utf8')
    chmodSync(file, 0o640)
    await expect(readCurveKeys(file)).rejects.toThrow(/others than its owner/)
    chmodSync(file, 0o600)
    const { secretKey } = await readCurveKeys(file)
    for (const text of [
      '',
      '[1]',
      'publicKey: [',
      good.replace('secretKey: "', 'secretKey: "x'),
      `${good}\nother: 1`,
    ]) {
      writeFileSync(file, text)
      const error = await readCurveKeys(file).catch((error: Error) => error)
      expect(error).toMatchObject({ tag: 'usage', place: { file } })
      expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(
        secretKey.slice(0, 20),
      )
    }
    await expect(readCurveKeys(join(folder, 'absent.yml'))).rejects.toMatchObject({
      hint: 'Make one with detcal keys new',
    })
  })

  it('has keys as ZeroMQ writes them', () => {
    // The example of its specification.
    expect(z85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('HelloWorld')
  })
})
