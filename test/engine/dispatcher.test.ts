import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RunStop } from '../../src/engine/threads/job.js'
import { oldestFirst } from '../../src/engine/threads/policy.js'
import { Lane } from '../../src/memory/lane.js'
import { WorkerDiedError } from '../../src/model/interruptions.js'
import { Bench, laneOf, settled } from './dispatcher.js'

describe('the policy for files', () => {
  it('gives an idle thread work of the lane that has the fewest threads, whoever came first', async () => {
    const bench = new Bench(2, 1)
    void bench.run(laneOf(3), ['a0', 'a1', 'a2'])
    await settled()
    void bench.run(laneOf(2), ['b0', 'b1'])
    await settled()
    expect(bench.started).toEqual(['a0 on 0', 'a1 on 1'])
    await bench.end('a0')
    expect(bench.started.at(-1)).toBe('b0 on 0')
    await bench.end('b0')
    expect(bench.started.at(-1)).toBe('b1 on 0')
    await bench.end('a1')
    expect(bench.started.at(-1)).toBe('a2 on 1')
  })

  it('gives a busy thread more of its own lane only', async () => {
    const bench = new Bench(2, 2)
    void bench.run(laneOf(4), ['a0', 'a1', 'a2', 'a3'])
    await settled()
    void bench.run(laneOf(4), ['b0', 'b1', 'b2'])
    await settled()
    expect(bench.started).toHaveLength(4)
    const [first = '', second = ''] = ['a0', 'a1', 'a2', 'a3'].filter(name => bench.threads.get(name) === 1)
    await bench.end(first)
    expect(bench.started).toHaveLength(4)
    await bench.end(second)
    expect(bench.started.slice(4)).toEqual(['b0 on 1', 'b1 on 1'])
  })
})

describe('the policy for streams', () => {
  it('takes the oldest train first, whatever its lane', async () => {
    const bench = new Bench(1, 1, oldestFirst)
    const trains = (lane: string, orders: number[]) =>
      bench.stream(orders.map(order => bench.job(`${lane}${order}`, { order })))
    void bench.dispatcher.run(laneOf(2), trains('a', [1, 3, 4]), new RunStop())
    void bench.dispatcher.run(laneOf(2), trains('b', [2, 5]), new RunStop())
    await settled()
    for (let i = 0; i < 5; i++) await bench.end(bench.running[0] ?? '')
    expect(bench.started).toEqual(['a1 on 0', 'b2 on 0', 'a3 on 0', 'a4 on 0', 'b5 on 0'])
  })
})

describe('slots', () => {
  it('are the only back-pressure: no job is pulled while none is free', async () => {
    const bench = new Bench(4, 2)
    const done = bench.run(laneOf(2), ['a', 'b', 'c'])
    await settled()
    expect(bench.pulled).toEqual(['a', 'b'])
    await bench.end('b')
    expect(bench.pulled).toEqual(['a', 'b', 'c'])
    expect(bench.slots.get('c')).toBe(bench.slots.get('b'))
    await bench.end('a')
    await bench.end('c')
    await done
  })

  it('are held after their thread is free, until their results are no longer in use', async () => {
    const bench = new Bench(1, 1)
    const lane = laneOf(1)
    let release = (): void => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const done = bench.dispatcher.run(
      lane,
      bench.stream([bench.job('a', { held }), bench.job('b')]),
      new RunStop(),
    )
    await settled()
    await bench.end('a')
    expect(lane.state(0)).toBe('held')
    // The thread serves others meanwhile.
    void bench.run(laneOf(1), ['other'])
    await settled()
    expect(bench.started).toEqual(['a on 0', 'other on 0'])
    await bench.end('other')
    release()
    await settled()
    expect(bench.started.at(-1)).toBe('b on 0')
    await bench.end('b')
    await done
    expect(lane.state(0)).toBe('free')
  })
})

describe('a job', () => {
  it('that fails is told so, and the others go on', async () => {
    const bench = new Bench(1, 1)
    const done = bench.run(laneOf(1), ['a', 'b'])
    await settled()
    await bench.end('a', new Error('broken'))
    await bench.end('b')
    await done
    expect(bench.failed).toEqual([['a', 'broken']])
  })

  it('whose worker died amid it goes again once, then fails by name', async () => {
    const bench = new Bench(1, 1)
    const lane = laneOf(1)
    const done = bench.dispatcher.run(lane, bench.stream([bench.job('a')]), new RunStop())
    await settled()
    for (const epoch of [0, 1]) {
      expect(bench.attempts.get('a')).toBe(epoch)
      // As the thread does when it begins.
      const words = new Int32Array(lane.handle.memory.buffer, lane.handle.layout.header, 32)
      Lane.attach(lane.handle).advance(0, words[17] ?? 0, epoch, 'reading')
      await bench.end('a', new WorkerDiedError('a worker thread died'))
    }
    await done
    expect(bench.failed).toEqual([['a', 'a: its worker died twice, last while reading']])
  })

  it('whose worker died before it came to it waits for another, under the same epoch', async () => {
    const bench = new Bench(1, 1)
    const done = bench.run(laneOf(1), ['a'])
    await settled()
    for (let i = 0; i < 5; i++) await bench.end('a', new WorkerDiedError('a worker thread died'))
    expect(bench.attempts.get('a')).toBe(0)
    await bench.end('a')
    await done
    expect(bench.failed).toEqual([])
  })
})

it('passes on what the source of jobs throws, once all is at rest', async () => {
  const bench = new Bench(1, 1)
  const jobs = (async function* () {
    yield bench.job('a')
    throw new Error('no more')
  })()
  const done = bench.dispatcher.run(laneOf(2), jobs, new RunStop())
  const rejected = expect(done).rejects.toThrow('no more')
  await settled()
  await bench.end('a')
  await rejected
})

it('calls that need no slot take their turn, and settle as they do', async () => {
  const bench = new Bench(1, 1)
  expect(await bench.dispatcher.call(async thread => thread)).toBe(0)
  await expect(bench.dispatcher.call(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
})

it('runs every job once, lets no thread idle while there is work, and mixes no lanes on a thread', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }),
      async (threads, most, counts) => {
        const bench = new Bench(threads, most)
        const names = counts.map((count, lane) => Array.from({ length: count }, (_, i) => `${lane}.${i}`))
        const done = Promise.all(names.map(ofLane => bench.run(laneOf(3), ofLane)))
        await settled()
        const total = names.flat().length
        for (let i = 0; i < total; i++) {
          const inHand = bench.running
          for (let thread = 0; thread < threads; thread++) {
            const its = inHand.filter(name => bench.threads.get(name) === thread)
            expect(its.length).toBeLessThanOrEqual(most)
            expect(new Set(its.map(name => name.split('.')[0])).size).toBeLessThanOrEqual(1)
            const startable = bench.pulled.length > bench.started.length
            if (startable) expect(its.length).toBeGreaterThan(0)
          }
          await bench.end(inHand[0] ?? '')
        }
        await done
        expect(bench.started.map(text => text.split(' ')[0]).sort()).toEqual(names.flat().sort())
      },
    ),
    { numRuns: 60 },
  )
})
