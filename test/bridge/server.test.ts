import { describe, expect, it } from 'vitest'
import { Request } from 'zeromq'
import { BridgeClient } from '../../src/bridge/client.js'
import { WHEN_FULL } from '../../src/bridge/train-queue.js'
import { serving, until, within } from '../helpers/online.js'

const train = (id: number, bytes = 1) => [new Uint8Array(bytes).fill(id)]

describe('a server that is closed', () => {
  it.each(WHEN_FULL)('counts what nobody took as dropped: %s', async whenFull => {
    const server = await serving({ whenFull })
    const sending = [1, 2, 3].map(id => server.send(train(id)))
    await server.close()
    await Promise.all(sending)
    expect(server.counts).toMatchObject({ sent: 0, dropped: 3 })
  })

  it('lets a large train arrive that is on its way', async () => {
    const server = await serving()
    const client = BridgeClient.connect(server.endpoint, 'REQ')
    const asked = client.next()
    await server.send(train(7, 64 * 2 ** 20))
    await until(() => server.counts.sent === 1, 'the train is on its way')
    await server.close(5000)
    const [frame] = (await within(asked, 'the train')) ?? []
    expect([frame?.byteLength, frame?.at(-1)]).toEqual([64 * 2 ** 20, 7])
    client.close()
  })
})

describe('a client whose request is far too long', () => {
  it.each(['REP', 'ROUTER'] as const)('is cut off, and others are served: %s', async socket => {
    const server = await serving({ socket })
    const hostile = new Request({ linger: 0 })
    hostile.connect(server.endpoint)
    await hostile.send(new Uint8Array(1 << 20))
    const client = BridgeClient.connect(server.endpoint, 'REQ')
    const asked = client.next()
    await server.send(train(1))
    expect((await within(asked, 'a train'))?.[0]).toEqual(Buffer.from([1]))
    expect(server.counts).toMatchObject({ sent: 1, refused: 0 })
    hostile.close()
    client.close()
    await server.close()
  })
})
