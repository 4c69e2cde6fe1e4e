import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodeTrain } from '../../src/bridge/encode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import { pixelsOf } from '../../src/detectors/detector.js'
import type { LossCause } from '../../src/online/live.js'
import { expectEqual } from '../helpers/compare-served.js'
import {
  type Frames,
  type GoldenStream,
  goldenStream,
  moduleSources,
  type RawTrain,
} from '../helpers/golden-stream.js'
import { Online, serving, until } from '../helpers/online.js'

const DYING = fileURLToPath(new URL('../helpers/dying-worker.cjs', import.meta.url))

let golden: GoldenStream
let offline: Frames
let first: RawTrain
let modules: number[]
const open: Online[] = []
beforeAll(async () => {
  golden = await goldenStream('dssc')
  offline = await golden.correct()
  first = golden.trains[0] as RawTrain
  modules = [...first.modules.keys()]
})
afterAll(() => golden.remove())
afterEach(async () => {
  for (const online of open.splice(0)) await online.close()
  delete process.env['DETCAL_TEST_MODULE']
  delete process.env['DETCAL_TEST_MARK']
})

async function start(...args: [Parameters<typeof Online.start>[1]?, Parameters<typeof Online.start>[2]?]) {
  const online = await Online.start(golden, ...args)
  open.push(online)
  return online
}

/** The same frames under another id, and what files have of them. */
const as = (train: number, of = first): RawTrain => ({ ...of, train })
const filesOf = (train: number): Frames => new Map([[train, offline.get(first.train) ?? new Map()]])
const sourcesOf = (train: RawTrain): BridgeSource[] => moduleSources(golden, train)
const lossesOf = ({ status }: Online) =>
  Object.fromEntries(Object.entries(status.trains.lost).filter(([, count]) => count > 0))

/** Sends a train of this id and holds what is served against files. */
async function passes(online: Online, train: number): Promise<void> {
  await online.send(...sourcesOf(as(train)))
  expectEqual(await online.next(`train ${train}`), as(train), filesOf(train))
}

describe('a source that stops and returns', () => {
  it.each(['REP', 'PUSH', 'PUB'] as const)('is read again: %s', async socket => {
    const { endpoint, ...server } = await restarted(socket)
    const sourceSocket = ({ REP: 'REQ', PUSH: 'PULL', PUB: 'SUB' } as const)[socket]
    const online = await start({ sourceSocket }, { sources: [endpoint] })
    let train = 1
    for (let time = 0; time < 3; time++) {
      if (time > 0) await server.restart()
      // A subscriber is there some time after the publisher: trains come until one arrives.
      const before = online.status.sources[0]?.messages ?? 0
      do {
        await server.send(encodeTrain(sourcesOf(as(train++)), '2.2'))
        await new Promise(resolve => setImmediate(resolve))
      } while (socket === 'PUB' && online.status.sources[0]?.messages === before)
      const served = await online.next(`after restart ${time}`)
      expectEqual(served, as(served.train), filesOf(served.train))
    }
    // Trains of a publisher may have come meanwhile; nothing that came was lost.
    await server.close()
    expect(lossesOf(online)).toEqual({})
    await until(() => online.status.state === 'stalled', 'the service says that nothing comes')
  })

  /** A port is free some time after its socket was closed. */
  async function again<T>(bind: () => Promise<T>, tries = 1000): Promise<T> {
    return bind().catch(error => {
      if (tries === 0) throw error
      return again(bind, tries - 1)
    })
  }

  async function restarted(socket: 'REP' | 'PUSH' | 'PUB') {
    let server = await serving({ socket })
    const { endpoint } = server
    return {
      endpoint,
      send: (frames: readonly Uint8Array[]) => server.send(frames),
      close: () => server.close(),
      restart: async () => {
        await server.close(1000)
        server = await again(() => serving({ socket, endpoint }))
      },
    }
  }
})

describe('what is not a train', () => {
  const whole = (): Uint8Array[] => encodeTrain(sourcesOf(as(1)), '2.2').map(frame => Uint8Array.from(frame))
  const edited = (edit: (source: BridgeSource) => BridgeSource): Uint8Array[] =>
    encodeTrain([edit(sourcesOf(as(1))[0] as BridgeSource)], '2.2')
  const withImage = (more: object) =>
    edited(source => ({
      ...source,
      arrays: { ...source.arrays, 'image.data': { ...source.arrays['image.data'], ...more } as never },
    }))

  it.each<[string, () => Uint8Array[], RegExp]>([
    ['garbage', () => [Uint8Array.of(0xc1, 1, 2), Uint8Array.of(3)], /not msgpack/],
    ['text', () => [Buffer.from('Error: bad request')], /not msgpack|not a map/],
    [
      'cut off in an array',
      () => whole().map((frame, i) => (i === 3 ? frame.subarray(1) : frame)),
      /bytes, where/,
    ],
    [
      'cut off in a header',
      () => whole().map((frame, i) => (i === 2 ? frame.subarray(0, 9) : frame)),
      /msgpack/,
    ],
    [
      'of another shape',
      () =>
        withImage({
          shape: [pixelsOf(golden.detector), first.modules.get(modules[0] ?? 0)?.cellIds.length ?? 0],
        }),
      /not frames of DSSC-1M/,
    ],
    ['of another type', () => withImage({ dtype: 'i2' }), /is of i2, raw data are u2/],
    [
      'without ids',
      () => edited(source => ({ ...source, arrays: { 'image.data': source.arrays['image.data'] as never } })),
      /image.cellId is missing/,
    ],
    ['of train 0', () => edited(source => ({ ...source, time: { train: 0n } })), /train 0 is not a train id/],
    [
      'of a train beyond 2^53',
      () => edited(source => ({ ...source, time: { train: 2n ** 63n } })),
      /is not a train id/,
    ],
    [
      'of a module that there is not',
      () => edited(source => ({ ...source, name: source.name.replace(/\d+CH0/, '16CH0') })),
      /has no module 16/,
    ],
  ])('is refused, named and counted, and the next is corrected: %s', async (_, message, said) => {
    const online = await start()
    await online.sendFrames(message())
    await passes(online, 2)
    await online.sendFrames(message())
    await passes(online, 3)
    const { damaged, ...others } = lossesOf(online)
    // Before it is known which detector comes, only what is no message at all is damaged.
    expect([1, 2]).toContain(damaged)
    expect(others).toEqual({})
    expect(online.incidents.filter(({ cause }) => cause === 'damaged')[0]?.message).toMatch(said)
  })

  it('but other data is not a loss', async () => {
    const online = await start()
    await online.send({ name: 'A/B/C', time: { train: 1n }, values: { x: 1 }, arrays: {} })
    await passes(online, 2)
    expect(lossesOf(online)).toEqual({})
    expect(online.incidents[0]?.message).toMatch(/no raw data of a known detector among A\/B\/C/)
  })
})

describe('a module that is missing', () => {
  const without = (train: number) => as(train, { ...first, modules: new Map([...first.modules].slice(1)) })

  it('is NaN in its place, and said to be; what comes late is counted and goes nowhere', async () => {
    const online = await start({ deadline: 10, badPixelsAs: 'mask' })
    await online.send(...sourcesOf(without(1)))
    const rest = new Map([[1, new Map([...(offline.get(first.train) ?? [])].slice(1))]])
    expectEqual(await online.next(), without(1), rest)
    await online.send(...sourcesOf(as(1)).slice(0, 1))
    await passes(online, 2)
    expect(lossesOf(online)).toEqual({ late: 1 })
    const [module] = online.status.modules
    expect(module).toMatchObject({ module: modules[0], state: 'ok', trains: 1, missing: 1 })
    expect(online.status.trains).toMatchObject({ received: 2, complete: 1, partial: 1, matching: 0.5 })
  })

  it('costs its train where only complete ones are wanted', async () => {
    const online = await start({ deadline: 10, incomplete: 'drop' })
    await online.send(...sourcesOf(without(1)))
    await until(() => online.status.trains.lost.incomplete === 1, 'the train is left out')
    await passes(online, 2)
    expect(lossesOf(online)).toEqual({ incomplete: 1 })
  })

  it('that is of other pulses than the others is left out, named', async () => {
    const golden = await goldenStream('agipd')
    const train = golden.trains[0] as RawTrain
    const [module, raw] = [...train.modules][2] as [number, NonNullable<ReturnType<typeof train.modules.get>>]
    const odd = { ...raw, pulseIds: raw.pulseIds.map(id => id + 1n) }
    const online = await Online.start(golden, { deadline: 10 })
    await online.send(
      ...moduleSources(golden, { ...train, modules: new Map([...train.modules, [module, odd]]) }),
    )
    const served = await online.next()
    expect(served.present).toEqual([...train.modules.keys()].filter(one => one !== module))
    expect(online.status.trains.lost.disagreeing).toBe(1)
    expect(online.incidents.find(({ cause }) => cause === 'disagreeing')?.place).toEqual({
      train: train.train,
      module,
    })
    await online.close()
    golden.remove()
  })
})

describe('trains', () => {
  it('that come interleaved, module by module, are joined, each with its own', async () => {
    const online = await start()
    const [a, b] = [sourcesOf(as(1)), sourcesOf(as(2))]
    for (const [i, source] of b.entries()) {
      await online.send(source)
      await online.send(a[i] as BridgeSource)
    }
    for (const train of [1, 2]) expectEqual(await online.next(), as(train), filesOf(train))
    expect(lossesOf(online)).toEqual({})
  })

  it('that come twice are served once', async () => {
    const online = await start()
    await passes(online, 1)
    await online.send(...sourcesOf(as(1)))
    await passes(online, 2)
    expect(lossesOf(online)).toEqual({ duplicate: modules.length })
  })

  it('of a clock that runs back go on: below what was, at once; over what was, from the third on', async () => {
    const online = await start()
    for (const train of [1000, 1001, 1002, 500, 501]) await passes(online, train)
    expect(lossesOf(online)).toEqual({})
    for (const train of [1000, 1001]) await online.send(...sourcesOf(as(train)))
    for (const train of [1002, 1003]) await passes(online, train)
    // Of two trains every part; of the third only the part that shows it.
    expect(lossesOf(online)).toEqual({ duplicate: 2 * modules.length })
  })

  it('of more, fewer and other frames than before lose none', async () => {
    const online = await start({ badPixelsAs: 'mask' })
    const frames = [...first.modules.values()][0]?.cellIds.length ?? 0
    expect(frames).toBeGreaterThan(1)
    for (const [i, [from, to]] of [
      [0, 1],
      [0, frames],
      [1, 2],
      [0, frames],
      [frames - 1, frames],
    ].entries()) {
      const train = cut(as(i + 1), from ?? 0, to ?? 0)
      await online.send(...sourcesOf(train))
      const files = [...(offline.get(first.train) ?? [])].map(
        ([module, planes]) => [module, planes.slice(from, to)] as const,
      )
      expectEqual(await online.next(), train, new Map([[train.train, new Map(files)]]))
    }
    expect(lossesOf(online)).toEqual({})
  })

  function cut(train: RawTrain, from: number, to: number): RawTrain {
    const bytes = 2 * pixelsOf(golden.detector)
    const parts = [...train.modules].map(
      ([module, { data, cellIds, pulseIds }]) =>
        [
          module,
          {
            data: data.slice(from * bytes, to * bytes),
            cellIds: cellIds.slice(from, to),
            pulseIds: pulseIds.slice(from, to),
          },
        ] as const,
    )
    return { ...train, modules: new Map(parts) }
  }
})

describe('a worker thread that dies in mid-train', () => {
  it('costs nothing', async () => {
    const mark = join(golden.folder, 'mark')
    process.env['DETCAL_TEST_MODULE'] = String(modules[0])
    process.env['DETCAL_TEST_MARK'] = mark
    const online = await start({}, { workerEntry: DYING })
    for (const train of [1, 2, 3]) await passes(online, train)
    expect(existsSync(mark)).toBe(true)
    expect(lossesOf(online)).toEqual({})
  })

  it('twice costs the train that module, named', async () => {
    process.env['DETCAL_TEST_MODULE'] = String(modules[0])
    const online = await start({}, { workerEntry: DYING })
    for (const train of [1, 2]) {
      await online.send(...sourcesOf(as(train)))
      const rest = new Map([[train, new Map([...(offline.get(first.train) ?? [])].slice(1))]])
      expectEqual(await online.next(), as(train), rest)
    }
    expect(lossesOf(online)).toEqual({ uncorrected: 2 } satisfies Partial<Record<LossCause, number>>)
    const incident = online.incidents.find(({ cause }) => cause === 'uncorrected')
    expect(incident).toMatchObject({ place: { module: modules[0], train: 1 } })
    expect(incident?.message).toMatch(/died twice/)
  })
})

describe('constants that are deleted under it', () => {
  /** A catalogue of its own, with the same constants. */
  function ownCatalogue(name: string): string {
    const catalogue = join(golden.folder, name)
    cpSync(golden.catalogue, catalogue, { recursive: true })
    return catalogue
  }

  it('are not missed, and a reload without them is refused', async () => {
    const catalogue = ownCatalogue('all')
    const online = await start({ catalogue })
    await passes(online, 1)
    renameSync(catalogue, `${catalogue}.gone`)
    await expect(online.service.reloadConstants()).rejects.toThrow()
    await passes(online, 2)
    renameSync(`${catalogue}.gone`, catalogue)
    await online.service.reloadConstants()
    await passes(online, 3)
    expect([lossesOf(online), online.status.state]).toEqual([{}, 'running'])
  })

  it('of one module: the old ones of all stay', async () => {
    const catalogue = ownCatalogue('one')
    const online = await start({ catalogue })
    await passes(online, 1)
    const files = readdirSync(catalogue, { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.h5'),
    )
    const used = online.status.constants.find(({ module }) => module === modules[0])
    const [gone] = files.filter(name => used?.file.endsWith(name.split('/').at(-1) ?? '-'))
    expect(gone).toBeDefined()
    rmSync(join(catalogue, gone ?? ''))
    await expect(online.service.reloadConstants()).rejects.toThrow(/missing/)
    await passes(online, 2)
    expect([lossesOf(online), online.status.state]).toEqual([{}, 'running'])
    expect(online.status.modules.map(({ state }) => state)).toEqual(modules.map(() => 'ok'))
  })
})
