import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type Job, RunStop } from '../../src/engine/threads/job.js'
import { Lane } from '../../src/memory/lane.js'
import { StoppedError, WorkerDiedError } from '../../src/model/interruptions.js'
import { Bench, laneOf, settled } from './dispatcher.js'

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
