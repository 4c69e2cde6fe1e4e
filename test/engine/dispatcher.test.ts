import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dispatcher } from '../../src/engine/threads/dispatcher.js'
import { type Job, RunStop } from '../../src/engine/threads/job.js'
import { fileAffinity, oldestFirst, type Policy } from '../../src/engine/threads/policy.js'
import { Lane } from '../../src/memory/lane.js'
import { laneLayout } from '../../src/memory/lane-layout.js'
import { StoppedError, WorkerDiedError } from '../../src/model/interruptions.js'

const SHAPE = { pixels: 128, cells: 1, planes: 1, rawFrameBytes: 256, slotRawFrames: 1, slotFrames: 1 }

const laneOf = (slots: number) => Lane.allocate(laneLayout({ ...SHAPE, slots }))

/** Everything that follows from what was done happens in microtasks. */
const settled = () => new Promise(resolve => setImmediate(resolve))

/** A dispatcher whose jobs end when they are told to; `started` has name, thread and slot in the order of starting. */
class Bench {
  readonly dispatcher: Dispatcher
  readonly started: string[] = []
  readonly failed: [string, string][] = []
  readonly pulled: string[] = []
  readonly threads = new Map<string, number>()
  readonly slots = new Map<string, number>()
  readonly attempts = new Map<string, number>()
  readonly #ends = new Map<string, (error?: unknown) => void>()

  constructor(threads: number, most: number, policy: Policy = fileAffinity) {
    this.dispatcher = new Dispatcher(threads, most, policy)
  }

  /** @param held resolves when the job's slot is no longer needed. */
  job(name: string, { order, held }: { order?: number; held?: Promise<void> } = {}): Job {
    return {
      name,
      ...(order === undefined ? {} : { order }),
      ...(held === undefined ? {} : { held: () => held }),
      run: ({ thread, slot, lane, id, epoch }) => {
        this.started.push(`${name} on ${thread}`)
        this.threads.set(name, thread)
        this.slots.set(name, slot)
        this.attempts.set(name, epoch)
        return new Promise((resolve, reject) => {
          this.#ends.set(name, error => {
            if (error !== undefined) return reject(error)
            Lane.attach(lane).advance(slot, id, epoch, 'done')
            resolve()
          })
        })
      },
      failed: error => this.failed.push([name, (error as Error).message]),
    }
  }

  async *stream(jobs: readonly Job[]): AsyncGenerator<Job> {
    for (const job of jobs) {
      this.pulled.push(job.name)
      yield job
    }
  }

  run(lane: Lane, names: readonly string[], stop = new RunStop()): Promise<void> {
    return this.dispatcher.run(lane, this.stream(names.map(name => this.job(name))), stop)
  }

  get running(): string[] {
    return [...this.#ends.keys()]
  }

  async end(name: string, error?: unknown): Promise<void> {
    const end = this.#ends.get(name)
    this.#ends.delete(name)
    end?.(error)
    await settled()
  }
}

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

describe('stopping', () => {
  it('starts nothing more, waits for what is in flight, and tells what was pulled but not started', async () => {
    const bench = new Bench(1, 1)
    const controller = new AbortController()
    const stop = new RunStop(controller.signal)
    const done = bench.run(laneOf(3), ['a', 'b', 'c'], stop)
    const rejected = expect(done).rejects.toThrow(StoppedError)
    await settled()
    controller.abort()
    expect(Atomics.load(stop.word, 0)).toBe(1)
    await bench.end('a')
    await rejected
    expect(bench.started).toEqual(['a on 0'])
    expect(bench.failed).toEqual([['b', 'stopped']])
  })

  it('of one run leaves the others alone', async () => {
    const bench = new Bench(2, 1)
    const controller = new AbortController()
    const stopped = bench.run(laneOf(1), ['a'], new RunStop(controller.signal))
    const rejected = expect(stopped).rejects.toThrow(StoppedError)
    const other = bench.run(laneOf(1), ['b', 'c'])
    await settled()
    controller.abort()
    await bench.end('a')
    await rejected
    await bench.end('b')
    await bench.end('c')
    await other
    expect(bench.started.map(text => text[0])).toEqual(['a', 'b', 'c'])
  })
})

describe('a stream whose job throws when it is told that it failed', () => {
  const thrower = (job: Job): Job => ({
    ...job,
    failed: () => {
      throw new Error('lose threw')
    },
  })

  it('rejects with that once what is in flight is done, and frees all slots', async () => {
    const bench = new Bench(2, 1)
    const lane = laneOf(2)
    const jobs = bench.stream([thrower(bench.job('a')), bench.job('b'), bench.job('c')])
    const rejected = expect(bench.dispatcher.run(lane, jobs, new RunStop())).rejects.toThrow('lose threw')
    await settled()
    await bench.end('a', new Error('broken'))
    await bench.end('b')
    await rejected
    expect(bench.started).toEqual(['a on 0', 'b on 1'])
    expect([lane.state(0), lane.state(1)]).toEqual(['free', 'free'])
    // The threads are there for others.
    const other = bench.run(lane, ['d'])
    await settled()
    await bench.end('d')
    await other
  })

  it('rejects too where the slot was held', async () => {
    const bench = new Bench(1, 1)
    const lane = laneOf(1)
    const held = Promise.reject(new Error('not taken'))
    held.catch(() => {})
    const jobs = bench.stream([thrower(bench.job('a', { held }))])
    const rejected = expect(bench.dispatcher.run(lane, jobs, new RunStop())).rejects.toThrow('lose threw')
    await settled()
    await bench.end('a')
    await rejected
    expect(lane.state(0)).toBe('free')
  })

  it('rejects too where its worker died twice', async () => {
    const bench = new Bench(1, 1)
    const lane = laneOf(1)
    const run = bench.dispatcher.run(lane, bench.stream([thrower(bench.job('a'))]), new RunStop())
    const rejected = expect(run).rejects.toThrow('lose threw')
    await settled()
    for (const epoch of [0, 1]) {
      const words = new Int32Array(lane.handle.memory.buffer, lane.handle.layout.header, 32)
      Lane.attach(lane.handle).advance(0, words[17] ?? 0, epoch, 'reading')
      await bench.end('a', new WorkerDiedError('a worker thread died'))
    }
    await rejected
    expect(lane.state(0)).toBe('free')
  })

  it('ends when it is stopped with that job at hand', async () => {
    const bench = new Bench(1, 1)
    const controller = new AbortController()
    const jobs = bench.stream([bench.job('a'), thrower(bench.job('b'))])
    const run = bench.dispatcher.run(laneOf(2), jobs, new RunStop(controller.signal))
    const rejected = expect(run).rejects.toThrow(StoppedError)
    await settled()
    controller.abort()
    await bench.end('a')
    await rejected
  })
})

describe('the stop of a run', () => {
  it('leaves nothing on its signal once it has ended', async () => {
    const { signal } = new AbortController()
    const stop = new RunStop(signal)
    const bench = new Bench(1, 1)
    await bench.run(laneOf(1), [], stop)
    stop.end()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('that was there before the run starts nothing', async () => {
    const bench = new Bench(1, 1)
    await expect(bench.run(laneOf(1), ['a'], new RunStop(AbortSignal.abort()))).rejects.toThrow(StoppedError)
    expect(bench.pulled).toEqual([])
  })
})

describe('stopping while the source waits', () => {
  it('waits for what is in flight only, and loses what comes after all', async () => {
    const bench = new Bench(1, 1)
    const controller = new AbortController()
    let arrive = (): void => {}
    let closed = false
    const jobs = (async function* () {
      try {
        yield bench.job('a')
        await new Promise<void>(resolve => {
          arrive = resolve
        })
        yield bench.job('b')
      } finally {
        closed = true
      }
    })()
    let over = false
    const run = bench.dispatcher.run(laneOf(2), jobs, new RunStop(controller.signal)).finally(() => {
      over = true
    })
    const rejected = expect(run).rejects.toThrow(StoppedError)
    await settled()
    controller.abort()
    await settled()
    expect(over).toBe(false)
    await bench.end('a')
    await rejected
    expect(closed).toBe(false)
    arrive()
    await settled()
    expect(closed).toBe(true)
    expect(bench.failed).toEqual([['b', 'stopped']])
    expect(bench.started).toEqual(['a on 0'])
  })

  it('ignores what the source throws then', async () => {
    const bench = new Bench(1, 1)
    const controller = new AbortController()
    let fail = (): void => {}
    const jobs = (async function* (): AsyncGenerator<Job> {
      await new Promise<void>((_, reject) => {
        fail = () => reject(new Error('too late'))
      })
    })()
    const run = bench.dispatcher.run(laneOf(1), jobs, new RunStop(controller.signal))
    const rejected = expect(run).rejects.toThrow(StoppedError)
    await settled()
    controller.abort()
    await rejected
    fail()
    await settled()
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
