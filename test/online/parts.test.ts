import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/model/errors.js'
import { moduleIndex, type TrainId } from '../../src/model/ids.js'
import { Incidents } from '../../src/online/incidents.js'
import type { Incident, ViewPlanes } from '../../src/online/live.js'
import type { RawPart } from '../../src/online/raw-part.js'
import { Statistics } from '../../src/online/statistics.js'
import { TrainBuffers } from '../../src/online/train-buffers.js'
import { type StreamedTrain, TrainJoiner } from '../../src/online/train-joiner.js'
import { Viewers } from '../../src/online/viewers.js'
import { frameFilterOf, framesTaken } from '../../src/sources/run/frame-filter.js'

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('the joiner of trains', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, i) => i)
  const part = (
    train: number,
    module: number,
    cells: readonly number[] = [1, 2],
    pulses = cells,
  ): RawPart => ({
    ...{ train: train as TrainId, module: moduleIndex(module), time: { train: BigInt(train) } },
    cellIds: Uint16Array.from(cells),
    pulseIds: BigUint64Array.from(pulses, BigInt),
    ...{ data: new Uint8Array(0), start: 0 },
    layout: {
      order: 'file',
      frames: cells.length,
      modules: 1,
      planes: 1,
      frameStride: 1,
      planeStride: 1,
      moduleStride: 1,
    },
  })
  function joiner(modules = 2, deadline = 100) {
    const losses: [string, number, number | undefined][] = []
    const made = new TrainJoiner<RawPart>({
      ...{ modules: ids(modules).map(moduleIndex), deadline },
      onLoss: (cause, _, { train, module }) => losses.push([cause, train, module]),
    })
    return { joiner: made, losses }
  }
  const told = (trains: StreamedTrain[]) =>
    trains.map(({ train, parts, complete }) => [train, [...parts.keys()], complete])

  it('gives trains when they are complete or due, in their order', () => {
    const { joiner: made, losses } = joiner()
    made.add(part(1, 0), 0)
    made.add(part(2, 1), 10)
    made.add(part(2, 0), 20)
    expect(told(made.take(99))).toEqual([])
    expect(made.waiting).toBe(2)
    const due = made.take(100)
    expect(told(due)).toEqual([
      [1, [0], false],
      [2, [0, 1], true],
    ])
    // Counted from the last part on.
    expect(due.map(({ receivedAt }) => receivedAt)).toEqual([0, 20])
    expect(losses).toEqual([])
  })

  it('lets the oldest go when more wait than may', () => {
    const { joiner: made } = joiner(2, 1e9)
    for (let train = 1; train <= 16; train++) made.add(part(train, 0), 0)
    expect([made.isFull, told(made.take(0))]).toEqual([true, []])
    made.add(part(17, 0), 0)
    expect(told(made.take(0))).toEqual([[1, [0], false]])
  })

  it('keeps the first of two, and tells what is late of what is twice', () => {
    const { joiner: made, losses } = joiner()
    const first = part(1, 0)
    made.add(first, 0)
    made.add(part(1, 0, [5, 6]), 1)
    const [given] = made.take(100)
    expect(given?.parts.get(moduleIndex(0))).toBe(first)
    made.add(part(1, 1), 101)
    made.add(part(1, 0), 102)
    expect(losses).toEqual([
      ['duplicate', 1, 0],
      ['late', 1, 1],
      ['duplicate', 1, 0],
    ])
    expect([made.waiting, made.take(1e9)]).toEqual([0, []])
  })

  it('leaves out who disagrees with most, and takes no frames for none', () => {
    const { joiner: made, losses } = joiner(4)
    for (const module of [0, 2]) made.add(part(1, module), 0)
    made.add(part(1, 1, [1, 2], [1, 3]), 0)
    made.add(part(1, 3, []), 0)
    expect(told(made.take(0))).toEqual([[1, [0, 2], false]])
    expect(losses).toEqual([['disagreeing', 1, 1]])
  })

  it('gives a train without frames, as one', () => {
    const { joiner: made } = joiner()
    for (const module of [0, 1]) made.add(part(1, module, []), 0)
    expect(told(made.take(0))).toEqual([[1, [0, 1], true]])
  })

  it('follows ids that begin anew, from the third train on', () => {
    const { joiner: made, losses } = joiner(1)
    for (const train of [1, 2, 3, 4]) made.add(part(train, 0), 0)
    expect(made.take(0)).toHaveLength(4)
    for (const train of [1, 2, 3, 4]) made.add(part(train, 0), 1)
    expect(told(made.take(1))).toEqual([
      [3, [0], true],
      [4, [0], true],
    ])
    expect(losses.map(([cause, train]) => [cause, train])).toEqual([
      ['duplicate', 1],
      ['duplicate', 2],
    ])
  })

  it('does not take a module that is late for ids that begin anew', () => {
    const { joiner: made, losses } = joiner()
    for (let train = 1; train <= 6; train++) made.add(part(train, 0), 0)
    expect(made.take(100)).toHaveLength(6)
    for (let train = 1; train <= 6; train++) made.add(part(train, 1), 101)
    expect(made.take(1e9)).toEqual([])
    expect(losses).toEqual(ids(6).map(i => ['late', i + 1, 1]))
  })

  it('gives what is left at the end', () => {
    const { joiner: made } = joiner()
    made.add(part(2, 0), 0)
    made.add(part(1, 1), 0)
    expect(told(made.finish())).toEqual([
      [1, [1], false],
      [2, [0], false],
    ])
    expect(made.waiting).toBe(0)
  })
})

describe('a filter of frames', () => {
  const train = {
    cellIds: Uint16Array.of(0, 2, 4, 6, 0xffff),
    pulseIds: BigUint64Array.of(8n, 12n, 16n, 20n, 2n ** 64n - 1n),
  }
  it.each([
    [{}, [0, 1, 2, 3, 4]],
    [{ pulses: '1:4' }, [1, 2, 3]],
    [{ pulses: '::-2' }, [0, 2, 4]],
    [{ pulses: '9:' }, []],
    [{ cells: '2-4' }, [1, 2]],
    [{ pulseIds: '0-16' }, [0, 1, 2]],
    [{ pulses: '1:', cells: '0-4', pulseIds: '16-99' }, [2]],
  ])('%o', (options, taken) => expect(framesTaken(frameFilterOf(options), train)).toEqual(taken))

  it.each([
    { pulses: '5' },
    { pulses: '::0' },
    { cells: 'a' },
    { pulseIds: '9-1' },
  ])('%o is refused', options => expect(() => frameFilterOf(options)).toThrow(UsageError))
})

describe('buffers of trains', () => {
  it('are used again when all views on them are gone, and not before', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const buffers = new TrainBuffers()
    const views: Uint8Array[] = []
    const seen = new Set<SharedArrayBuffer>()
    const one = (keep: boolean): void => {
      const taken = buffers.take(1 << 20)
      // Whoever holds a view of another train sees his own number still.
      expect(seen.has(taken.buffer) && views.some(({ buffer }) => (buffer as unknown) === taken.buffer)).toBe(
        false,
      )
      seen.add(taken.buffer)
      const view = taken.view(64, 1024)
      new Uint8Array(taken.buffer).fill(views.length + 1)
      if (keep) views.push(view)
      taken.release()
      taken.release()
    }
    for (let train = 0; train < 200; train++) {
      one(train % 20 === 0)
      if (train % 10 === 0) {
        gc()
        await settled()
        await settled()
      }
    }
    expect(views.map(view => view[0])).toEqual(views.map((_, i) => i + 1))
    expect(views.every(view => view.every(byte => byte === view[0]))).toBe(true)
    expect(buffers.count).toBeLessThan(60)
  })

  it('of another size go, once they are free', () => {
    const buffers = new TrainBuffers()
    const held = buffers.take(100)
    buffers.take(100).release()
    expect(buffers.count).toBe(2)
    const next = buffers.take(200)
    expect(next.buffer.byteLength).toBe(200)
    held.release()
    next.release()
    expect(buffers.count).toBe(1)
    expect(buffers.take(200).buffer).toBe(next.buffer)
  })
})

describe('statistics', () => {
  const record = (train: number, latency: number) => ({
    train,
    at: 0,
    latency,
    intensity: 1,
    modules: 1,
    frames: 1,
  })

  it('count, and keep the last thousand latencies', () => {
    const statistics = new Statistics()
    expect(statistics.latency).toEqual({ p50: Number.NaN, p99: Number.NaN })
    for (let i = 1; i <= 1100; i++) statistics.published(record(i, i), 10)
    expect(statistics.latency).toEqual({ p50: 600, p99: 1090 })
    expect([statistics.recent.length, statistics.recent.at(-1)?.train]).toEqual([300, 1100])
    statistics.cameIn(50)
    expect(statistics.rates).toEqual({ trains: 220, bytesIn: 10, bytesOut: 2200 })
  })

  it('say of each module whether it came, is missing or cannot be corrected', () => {
    const statistics = new Statistics()
    statistics.expect([0, 1, 2])
    expect(statistics.modules.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting'])
    statistics.joined(new Set([0, 2]), false)
    statistics.fail(new Map([[2, 'no constants']]))
    expect(statistics.modules.map(({ state }) => state)).toEqual(['ok', 'missing', 'failed'])
    statistics.fail(new Map())
    statistics.joined(new Set([0, 1, 2]), true)
    expect(statistics.modules).toEqual(
      [
        [2, 0],
        [1, 1],
        [2, 0],
      ].map(([trains, missing], module) => ({ module, trains, missing, state: 'ok' })),
    )
    expect([statistics.received, statistics.complete, statistics.partial]).toEqual([2, 1, 1])
  })
})

describe('incidents', () => {
  it('are told once a second, kept in bounds, and what cannot be logged stops nothing', () => {
    const told: Incident[] = []
    const incidents = new Incidents(incident => {
      told.push(incident)
      throw new Error('no log')
    })
    for (let train = 0; train < 1000; train++)
      incidents.add('damaged', `train ${train} is damaged`, { train })
    expect([told.length, incidents.list.length]).toEqual([1, 1])
    incidents.add('damaged', 'train 1 is damaged', { module: 3 })
    expect(told).toHaveLength(2)
    const letters = (i: number) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))
    for (let i = 0; i < 600; i++) incidents.add('source', letters(i).padEnd(100_000, 'x'))
    expect(incidents.list).toHaveLength(100)
    expect(incidents.list[0]?.message.startsWith(letters(599))).toBe(true)
    expect(Math.max(...incidents.list.map(({ message }) => message.length))).toBeLessThan(600)
  })
})

describe('viewers', () => {
  it('who never return get one picture, and keep nobody else from any', async () => {
    const viewers = new Viewers()
    const taken: [string, ViewPlanes][] = []
    const view = { layer: 'corrected', frame: 'mean' } as const
    viewers.watch(view, 0, planes => {
      taken.push(['stuck', planes])
      return new Promise(() => {})
    })
    const leave = viewers.watch(view, 0, planes => void taken.push(['quick', planes]))
    for (let train = 1; train <= 3; train++) {
      const looking = viewers.look(4, 2, 8)
      expect(looking.ofModule(1)).toMatchObject([{ layer: 'corrected', start: 8 }])
      looking.done(train, [true, false])
      await settled()
    }
    expect(taken.map(([who, { train }]) => [who, train])).toEqual([
      ['stuck', 1],
      ['quick', 1],
      ['quick', 2],
      ['quick', 3],
    ])
    // Who looks at the same gets the same memory, and nobody's is written again.
    expect(taken[0]?.[1].planes.buffer).toBe(taken[1]?.[1].planes.buffer)
    expect(new Set(taken.map(([, { planes }]) => planes.buffer)).size).toBe(3)
    leave()
    expect(viewers.look(4, 2, 8).ofModule(0)).toEqual([])
  })

  it('see no train that was lost, no frame that there is not, and none before their time', async () => {
    const viewers = new Viewers()
    const seen: number[] = []
    viewers.watch({ layer: 'raw', frame: 3 }, 100, ({ train }) => void seen.push(train))
    const look = async (train: number, frames: number, now: number, present?: boolean[]) => {
      viewers.look(frames, 1, 1, now).done(train, present)
      await settled()
    }
    await look(1, 3, 0, [true])
    await look(2, 4, 0)
    await look(3, 4, 50, [true])
    await look(4, 4, 100, [true])
    await look(5, 4, 199, [true])
    await look(6, 4, 200, [true])
    expect(seen).toEqual([4, 6])
  })
})
