import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import { encodeTrain } from '../../src/bridge/encode.js'
import { WHEN_FULL } from '../../src/bridge/train-queue.js'
import { pixelsOf } from '../../src/detectors/detector.js'
import { UsageError } from '../../src/model/errors.js'
import type { ViewPlanes } from '../../src/online/live.js'
import { expectEqual } from '../helpers/compare-served.js'
import {
  type Frames,
  type GoldenStream,
  goldenStream,
  moduleSources,
  type RawTrain,
  servedOf,
} from '../helpers/golden-stream.js'
import { Online, serving, until, within } from '../helpers/online.js'

let golden: GoldenStream
let first: RawTrain
let modules: number[]
const open: Online[] = []
beforeAll(async () => {
  golden = await goldenStream('dssc')
  first = golden.trains[0] as RawTrain
  modules = [...first.modules.keys()]
})
afterAll(() => golden.remove())
afterEach(async () => {
  for (const online of open.splice(0)) await online.close()
})

async function start(...args: [Parameters<typeof Online.start>[1]?, Parameters<typeof Online.start>[2]?]) {
  const online = await Online.start(golden, ...args)
  open.push(online)
  return online
}

const sourcesOf = (train: number) => moduleSources(golden, { ...first, train })
const messageOf = (train: number) => encodeTrain(sourcesOf(train), '2.2')

describe('a consumer that stops reading', () => {
  it.each(
    WHEN_FULL,
  )('%s: the service goes on or waits, and every train is sent or counted', async whenFull => {
    const online = await start({ whenFull, inFlight: 1 }, { client: 'none' })
    const slow = BridgeClient.connect(online.endpoint, 'REQ')
    const sent = 12
    let handedIn = 0
    const feeding = (async () => {
      for (let train = 1; train <= sent; train++) {
        await online.send(...sourcesOf(train))
        handedIn = train
      }
    })()
    const reads = async () =>
      servedOf(decodeTrain((await within(slow.next(), 'a train')) ?? []), golden).train
    expect(await reads()).toBe(1)
    const read = [1]
    if (whenFull === 'wait') {
      // Nobody takes the next: those behind it wait, and the source with them.
      await until(() => online.status.trains.received >= 4, 'trains wait')
      expect(handedIn).toBeLessThan(sent)
      for (let train = 2; train <= sent; train++) read.push(await reads())
      expect(read).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
    } else {
      await within(feeding, 'the source is read on')
      await until(() => online.status.trains.lost.unconsumed === sent - 2, 'all but two trains are dropped')
      read.push(await reads())
      expect(read).toEqual(whenFull === 'drop-oldest' ? [1, sent] : [1, 2])
    }
    await feeding
    slow.close()
    expect(online.status.trains).toMatchObject({ received: sent, lost: { unconsumed: sent - read.length } })
    expect(online.status.outputs[0]).toMatchObject({ sent: read.length, dropped: sent - read.length })
  })

  it('of one output costs no other output a train', async () => {
    const publish = ['tcp://127.0.0.1:*', 'tcp://127.0.0.1:*']
    const online = await start({ whenFull: 'drop-oldest', publish })
    for (let train = 1; train <= 5; train++) {
      await online.send(...sourcesOf(train))
      expect((await online.next()).train).toBe(train)
    }
    expect(online.status.outputs.map(({ dropped }) => dropped)).toEqual([0, 4])
  })
})

describe('settings that change while it runs', () => {
  it('every train is wholly before or wholly after, none is lost, and each says its steps', async () => {
    const sets = [['offset', 'mask', 'range'], ['offset'], ['mask', 'range'], ['range']]
    const files = new Map<string, Frames>()
    for (const steps of sets) files.set(steps.join(), await golden.correct({ steps, trains: ':1' }))
    const online = await start({ badPixelsAs: 'mask', inFlight: 3 }, { sourceQueue: 3 })
    let ended = false
    let sent = 0
    const feeding = (async () => {
      while (!ended) await online.send(...sourcesOf(++sent))
    })()
    const seen: string[] = []
    const reads = async () => {
      const served = await online.next()
      const steps = served.passport.slice(1).join()
      seen.push(steps)
      const expected = files.get(steps)?.get(first.train)
      expectEqual(served, { ...first, train: seen.length }, new Map([[seen.length, expected ?? new Map()]]))
    }
    await reads()
    for (let i = 1; i <= 6; i++) {
      const steps = sets[i % sets.length] ?? []
      const changed = online.service.change({ steps })
      // Some trains are on their way while it changes.
      for (let train = 0; train < 3; train++) await reads()
      await changed
      while (seen.at(-1) !== steps.join()) await reads()
    }
    ended = true
    while (seen.length < sent) await reads()
    await feeding
    expect(new Set(seen)).toEqual(new Set(sets.map(steps => steps.join())))
    expect(Object.values(online.status.trains.lost).every(count => count === 0)).toBe(true)
    expect(online.status.trains.received).toBe(sent)
  })

  it('that cannot be are refused, and nothing changes', async () => {
    const online = await start()
    for (const running of [false, true]) {
      if (running) {
        await online.send(...sourcesOf(1))
        await online.next()
      }
      const before = online.status.settings
      for (const wrong of [
        { stride: 0 },
        { stride: 1.5 },
        { pulses: 'all' },
        { steps: ['ofset'] },
        { stride: 2, steps: ['offset', 'no-step'] },
      ])
        await expect(online.service.change(wrong)).rejects.toThrow(UsageError)
      expect(online.status.settings).toEqual(before)
    }
  })

  it('made at once are all in force, in their order, and a reload keeps them', async () => {
    const online = await start()
    await online.send(...sourcesOf(1))
    await online.next()
    await Promise.all([
      online.service.change({ steps: ['offset'] }),
      online.service.change({ stride: 2 }),
      online.service.change({ pulses: ':1' }),
      online.service.change({ steps: ['mask'] }),
      online.service.reloadConstants(),
    ])
    expect(online.status.settings).toEqual({ steps: ['mask'], stride: 2, pulses: ':1' })
    for (const train of [3, 4]) await online.send(...sourcesOf(train))
    const served = await online.next()
    expect([served.train, served.passport.slice(1), served.cellIds.length]).toEqual([4, ['mask'], 1])
    expect(online.status.trains).toMatchObject({ received: 3, skipped: 1 })
  })
})

describe('an end', () => {
  it('lets out what was received, what waits for modules too', async () => {
    const online = await start({ whenFull: 'wait' })
    await online.send(...sourcesOf(1))
    await until(() => online.status.trains.received === 1, 'a train is there')
    await online.send(...sourcesOf(2).slice(1))
    await until(() => online.status.sources[0]?.messages === 2, 'half a train is there')
    const closed = online.service.close()
    expect((await online.next()).train).toBe(1)
    const last = await online.next()
    expect([last.train, last.present]).toEqual([2, modules.slice(1)])
    await within(closed, 'the service ends')
    expect(online.status).toMatchObject({ state: 'stopping', trains: { received: 2, partial: 1 } })
  })

  it.each(WHEN_FULL)('waits for nobody who takes nothing, and counts what he misses: %s', async whenFull => {
    const online = await start({ whenFull }, { client: 'none', sourceQueue: 100 })
    for (let train = 1; train <= 20; train++) await online.send(...sourcesOf(train))
    await until(() => online.status.trains.received > 2, 'trains are there')
    await within(online.service.close(), 'the service ends')
    await online.service.close()
    const { received, lost } = online.status.trains
    expect(lost).toMatchObject({ unconsumed: received, uncorrected: 0 })
  })

  it('before anything came', async () => {
    const online = await start()
    await within(online.service.close(), 'the service ends')
    expect(online.status).toMatchObject({ state: 'stopping', trains: { received: 0 } })
  })
})

describe('a source that has nothing of what is wanted', () => {
  it.each([
    ['other modules', { modules: '15' }, /no module that is wanted among SCS_DET_DSSC1M-1.DET.\d+CH0:xtdf/],
    ['another detector', { detector: 'lpd1m', modules: '15' }, /no raw data of lpd1m among SCS_DET_DSSC1M-1/],
  ])('%s: is said, and no train counts', async (_, request, said) => {
    const online = await start(request)
    await online.send(...sourcesOf(1))
    await until(() => online.incidents.length > 0, 'it is said')
    expect(online.incidents[0]?.message).toMatch(said)
    expect(online.status.trains.received).toBe(0)
  })
})

describe('several sources', () => {
  it('of which one is ahead: it waits for the others, and no train lacks a module', async () => {
    const servers = await Promise.all(modules.map(() => serving({ queue: 100 })))
    const online = await start({ inFlight: 1 }, { sources: servers.map(({ endpoint }) => endpoint) })
    const trains = 40
    // All of the first module before anything of the others.
    for (const [i, server] of servers.entries())
      for (let train = 1; train <= trains; train++) {
        const source = sourcesOf(train)[i]
        if (source) await server.send(encodeTrain([source], '2.2'))
        if (i === 0 && train === trains)
          await until(() => (online.status.sources[0]?.messages ?? 0) >= 16, 'it is ahead')
      }
    for (let train = 1; train <= trains; train++) expect((await online.next()).train).toBe(train)
    expect(online.status.trains).toMatchObject({ complete: trains, partial: 0 })
    for (const server of servers) await server.close()
  })
})

describe('whoever looks on', () => {
  it('is given pictures of what is served, and one at a time', async () => {
    const online = await start({ badPixelsAs: 'mask', axisOrder: 'file' })
    const pixels = pixelsOf(golden.detector)
    const taken: ViewPlanes[] = []
    let release: () => void = () => {}
    online.service.watch({ layer: 'corrected', frame: 1 }, 0, planes => {
      taken.push(planes)
      return new Promise(resolve => {
        release = resolve
      })
    })
    let thrown = 0
    online.service.watch({ layer: 'raw', frame: 'mean' }, 0, () => {
      thrown++
      throw new Error('no picture')
    })
    for (let train = 1; train <= 3; train++) {
      await online.send(...sourcesOf(train))
      const served = await online.next()
      if (train > 1) continue
      await until(() => taken.length === 1, 'a picture')
      for (const module of modules) {
        const plane = taken[0]?.planes.slice(module * pixels, (module + 1) * pixels) as Float32Array
        const expected = served.frames.get(module)?.[1]?.data as Uint8Array
        expect(Buffer.compare(new Uint8Array(plane.buffer), expected)).toBe(0)
      }
      expect(taken[0]?.present.map((there, module) => (there ? module : -1)).filter(m => m >= 0)).toEqual(
        modules,
      )
    }
    await until(() => thrown === 3, 'the other is given every train')
    expect(taken).toHaveLength(1)
    release()
    await new Promise(resolve => setImmediate(resolve))
    await online.send(...sourcesOf(4))
    await online.next()
    await until(() => taken.length === 2, 'the next picture')
    expect(taken[1]?.train).toBe(4)
  })
})

describe('messages', () => {
  it('that are spliced of two trains are refused', async () => {
    const online = await start()
    await online.sendFrames([...messageOf(1), ...messageOf(2)])
    await online.send(...sourcesOf(3))
    expect((await online.next()).train).toBe(3)
    expect(online.status.trains).toMatchObject({ received: 1, lost: { damaged: 1 } })
  })
})
