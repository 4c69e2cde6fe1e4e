import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LaneQueue } from '../../src/engine/threads/lane-queue.js'

/** Jobs that end when they are told to; `started` has name and thread of each in the order in which they began. */
function jobs(queue: LaneQueue) {
  const started: string[] = []
  const threads = new Map<string, number>()
  const ends = new Map<string, (error?: Error) => void>()
  const add = (name: string, lane: number): Promise<string> =>
    queue.run(lane, thread => {
      started.push(`${name} on ${thread}`)
      threads.set(name, thread)
      return new Promise((resolve, reject) => {
        ends.set(name, error => (error ? reject(error) : resolve(name)))
      })
    })
  const end = async (name: string, error?: Error): Promise<void> => {
    ends.get(name)?.(error)
    ends.delete(name)
    // Everything that follows from it happens in microtasks.
    await new Promise(resolve => setImmediate(resolve))
  }
  return { started, threads, ends, add, end }
}

describe('LaneQueue', () => {
  it('gives an idle thread work of the lane that has the fewest threads, whoever came first', async () => {
    const { started, add, end } = jobs(new LaneQueue(2, 1))
    for (const name of ['a0', 'a1', 'a2']) void add(name, 0)
    for (const name of ['b0', 'b1']) void add(name, 1)
    expect(started).toEqual(['a0 on 0', 'a1 on 1'])
    await end('a0')
    expect(started.at(-1)).toBe('b0 on 0')
    await end('b0')
    expect(started.at(-1)).toBe('b1 on 0')
    await end('a1')
    expect(started.at(-1)).toBe('a2 on 1')
  })

  it('gives a thread at work more of its own lane only', async () => {
    const { started, add, end } = jobs(new LaneQueue(2, 2))
    for (const name of ['a0', 'a1', 'a2']) void add(name, 0)
    for (const name of ['b0', 'b1', 'b2']) void add(name, 1)
    expect(started).toEqual(['a0 on 0', 'a1 on 1', 'a2 on 0'])
    await end('a1')
    expect(started.slice(3)).toEqual(['b0 on 1', 'b1 on 1'])
    await end('a0')
    await end('a2')
    expect(started.slice(5)).toEqual(['b2 on 0'])
  })

  it('lets all threads work on one lane when no other has work', async () => {
    const { started, add, end } = jobs(new LaneQueue(3, 1))
    for (const name of ['a', 'b', 'c', 'd']) void add(name, 5)
    expect(started).toEqual(['a on 0', 'b on 1', 'c on 2'])
    await end('b')
    expect(started.at(-1)).toBe('d on 1')
  })

  it('goes on behind a job that failed, and passes its error on', async () => {
    const { started, add, end } = jobs(new LaneQueue(1, 1))
    const failed = add('a', 0)
    void add('b', 0)
    const seen = expect(failed).rejects.toThrow('broken')
    await end('a', new Error('broken'))
    await seen
    expect(started).toEqual(['a on 0', 'b on 0'])
  })

  it('runs every job once, lets no thread idle while there is work, and mixes no lanes on a thread', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.nat(3), { maxLength: 20 }),
        async (threads, most, lanes) => {
          const running = jobs(new LaneQueue(threads, most))
          const { started, ends, add, end } = running
          const done = Promise.all(lanes.map((lane, i) => add(String(i), lane)))
          for (let i = 0; i < lanes.length; i++) {
            const inHand = [...ends.keys()]
            const waiting = lanes.length - started.length
            for (let thread = 0; thread < threads; thread++) {
              const its = inHand.filter(name => running.threads.get(name) === thread)
              expect(its.length).toBeLessThanOrEqual(most)
              expect(new Set(its.map(name => lanes[Number(name)])).size).toBeLessThanOrEqual(1)
              if (waiting > 0) expect(its.length).toBeGreaterThan(0)
            }
            await end(inHand[0] ?? '')
          }
          expect(await done).toEqual(lanes.map((_, i) => String(i)))
          expect(running.threads.size).toBe(lanes.length)
          expect(started.length).toBe(lanes.length)
        },
      ),
      { numRuns: 100 },
    )
  })
})
