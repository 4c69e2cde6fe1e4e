import { once } from 'node:events'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { View } from '../../src/online/live.js'
import { decodeTable } from '../../src/web/page/decode.js'
import type { ViewMessage } from '../../src/web/protocol.js'
import { startWeb, type Web } from '../../src/web/start-web.js'
import { type FakeService, fakeService, GEOMETRY, planesOf, TABLE } from './fake-service.js'
import { liveClient } from './live-client.js'

const MEAN: ViewMessage = { type: 'view', layer: 'corrected', frame: 'mean', module: 'all' }

async function started(service: FakeService = fakeService()): Promise<{ service: FakeService; web: Web }> {
  const log = pino({ level: 'silent' })
  const web = await startWeb({ service, http: '127.0.0.1:0', geometry: () => GEOMETRY, log })
  onTestFinished(() => web.close())
  return { service, web }
}

/** The assembled picture by its definition: the bits of the pixel that the table names, NaN in gaps. */
function assembled(view: View, train: number, missing = [5, 11]): Float32Array {
  const planes = planesOf(view, train, missing)
  return Float32Array.from(TABLE.pixels, pixel => (pixel === 0 ? Number.NaN : (planes[pixel - 1] as number)))
}

/** NaN among them, without a comparison of each in words. */
function sameBits(a: Float32Array | Int32Array, b: Float32Array | Int32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array) =>
    Buffer.from(buffer, byteOffset, byteLength)
  return bytes(a).equals(bytes(b))
}

/** Resolves when the service is asked for these views, in any order. */
async function watched(service: FakeService, ...layers: string[]): Promise<void> {
  const asked = (): string =>
    service
      .watched()
      .map(({ layer, frame }) => `${layer} ${frame}`)
      .sort()
      .join()
  while (asked() !== layers.sort().join()) await new Promise(setImmediate)
}

describe('pictures', () => {
  test('are what the service gave, assembled, bit by bit', async () => {
    const { service, web } = await started()
    const client = await liveClient(web.address)
    client.say(MEAN)
    await watched(service, 'corrected mean')
    await service.next()
    await client.until(() => client.pictures.length === 1)
    const [{ values, train, height, width, present }] = client.pictures as [(typeof client.pictures)[0]]
    expect([train, height, width]).toEqual([1_000_000_001, 1256, 1092])
    expect(sameBits(values, assembled(MEAN, train))).toBe(true)
    expect(present.flatMap((there, module) => (there ? [] : [module]))).toEqual([5, 11])
  })

  test('are of one module, layer and frame where that is asked for', async () => {
    const { service, web } = await started()
    const client = await liveClient(web.address)
    const view = { layer: 'raw', frame: 3 } as const
    client.say({ type: 'view', ...view, module: 9 })
    await watched(service, 'raw 3')
    await service.next()
    await client.until(() => client.pictures.length === 1)
    const [{ values, height, width }] = client.pictures as [(typeof client.pictures)[0]]
    expect([height, width]).toEqual([512, 128])
    expect(sameBits(values, planesOf(view, 1_000_000_001, []).slice(9 * 65_536, 10 * 65_536))).toBe(true)
  })

  test('do not wait for a page that does not draw them: it gets the newest later, others all', async () => {
    const { service, web } = await started()
    const [slow, quick] = [await liveClient(web.address), await liveClient(web.address)]
    slow.say(MEAN)
    quick.say(MEAN)
    await watched(service, 'corrected mean')
    while (!(await metric(web, 'detcal_page{what="viewers"} 2'))) await new Promise(setImmediate)
    for (let train = 0; train < 8; train++) {
      await service.next()
      await quick.until(() => quick.pictures.length === train + 1)
      await slow.until(() => slow.pictures.length === Math.min(train + 1, 2))
      quick.say({ type: 'shown', picture: quick.pictures[train]?.picture ?? 0 })
    }
    expect(quick.pictures.map(({ train }) => train - 1_000_000_001)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    slow.say({ type: 'shown', picture: slow.pictures[1]?.picture ?? 0 })
    await slow.until(() => slow.pictures.length === 3)
    expect(slow.pictures.map(({ train }) => train - 1_000_000_001)).toEqual([0, 1, 7])
    expect(await metric(web, 'detcal_page{what="skipped"} 6')).toBe(true)
    // It has drawn the second and passed over the first: there is room for two again.
    await service.next()
    await slow.until(() => slow.pictures.length === 4)
  })

  test('of a view are asked for once, and no more when nobody looks', async () => {
    const { service, web } = await started()
    const [one, other] = [await liveClient(web.address), await liveClient(web.address)]
    one.say(MEAN)
    other.say({ ...MEAN, module: 3 })
    await watched(service, 'corrected mean')
    one.say({ ...MEAN, layer: 'mask', frame: 0 })
    await watched(service, 'corrected mean', 'mask 0')
    one.socket.close()
    other.socket.terminate()
    await watched(service)
  })

  test('that are there are shown at once to who asks for another module', async () => {
    const { service, web } = await started()
    const client = await liveClient(web.address)
    client.say(MEAN)
    await watched(service, 'corrected mean')
    await service.next()
    await client.until(() => client.pictures.length === 1)
    client.say({ ...MEAN, module: 2 })
    await client.until(() => client.pictures.length === 2)
    expect(client.pictures[1]).toMatchObject({ module: 2, train: 1_000_000_001 })
  })

  test('have a table that says whose pixels they are', async () => {
    const { web } = await started()
    const answer = await fetch(`${web.address}/api/geometry`)
    const { pixels, ...header } = decodeTable(await answer.arrayBuffer())
    expect(header).toEqual({
      ...{ height: 1256, width: 1092, centre: [631, 550], modules: 16, slowScan: 512, fastScan: 128 },
    })
    expect(sameBits(pixels, TABLE.pixels)).toBe(true)
  })
})

describe('without a geometry that makes a picture', () => {
  test.each([
    ['unknown', undefined],
    [
      'of tiles that lie across',
      { ...GEOMETRY, tiles: GEOMETRY.tiles.map(tile => ({ ...tile, slowStep: [2e-4, 2e-4] as const })) },
    ],
  ])('%s, single modules are shown, and nothing stops', async (_, geometry) => {
    const service = fakeService()
    const log = pino({ level: 'silent' })
    const web = await startWeb({ service, http: '127.0.0.1:0', geometry: () => geometry, log })
    onTestFinished(() => web.close())
    const client = await liveClient(web.address)
    client.say(MEAN)
    await watched(service, 'corrected mean')
    await service.next()
    expect((await fetch(`${web.address}/api/geometry`)).status).toBe(404)
    client.say({ ...MEAN, module: 4 })
    await client.until(() => client.pictures.length === 1)
    expect(client.pictures[0]).toMatchObject({ module: 4, height: 512, width: 128 })
  })
})

describe('what a page says', () => {
  test.each([
    ['no JSON', '{', 'it is not JSON'],
    ['another layer', '{"type":"view","layer":"dark","frame":0,"module":0}', 'layer: expected'],
    ['no frame', '{"type":"view","layer":"raw","frame":-1,"module":0}', 'frame: expected'],
    ['another type', '{"type":"stop"}', 'type: expected'],
    ['more than there is', '{"type":"shown","picture":1,"x":1}', 'x: expected never'],
  ])('is refused by name: %s', async (_, text, message) => {
    const { web } = await started()
    const client = await liveClient(web.address)
    client.socket.send(text)
    await client.until(() => client.texts.some(({ type }) => type === 'refused'))
    const refusal = client.texts.find(({ type }) => type === 'refused')
    expect(refusal).toMatchObject({ message: expect.stringContaining(message) })
  })

  test('ends the connection if it is long', async () => {
    const { web } = await started()
    const { socket } = await liveClient(web.address)
    socket.send('x'.repeat(5000))
    expect((await once(socket, 'close'))[0]).toBe(1009)
  })
})

async function metric(web: Web, line: string): Promise<boolean> {
  return (await (await fetch(`${web.address}/metrics`)).text()).split('\n').includes(line)
}
