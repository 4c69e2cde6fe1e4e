import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LaneQueue } from '../../src/engine/lane-queue.js'

/** Jobs that end when they are told to; `started` has their names in the order in which they began. */
function jobs(queue: LaneQueue) {
  const started: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const add = (name: string, lane: number): Promise<string> =>
    queue.run(lane, () => {
      started.push(name)
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
  return { started, ends, add, end }
}

describe('LaneQueue', () => {
  it('gives threads to the lanes in turn, whoever came first', async () => {
    const { started, add, end } = jobs(new LaneQueue(2))
    for (const name of ['a0', 'a1', 'a2']) void add(name, 0)
    for (const name of ['b0', 'b1']) void add(name, 1)
    expect(started).toEqual(['a0', 'a1'])
    await end('a0')
    expect(started.at(-1)).toBe('b0')
    await end('b0')
    expect(started.at(-1)).toBe('b1')
    await end('a1')
    expect(started.at(-1)).toBe('a2')
  })

  it('lets all threads work on one lane when no other has work', async () => {
    const { started, add, end } = jobs(new LaneQueue(3))
    for (const name of ['a', 'b', 'c', 'd']) void add(name, 5)
    expect(started).toEqual(['a', 'b', 'c'])
    await end('b')
    expect(started).toEqual(['a', 'b', 'c', 'd'])
  })

  it('goes on behind a job that failed, and passes its error on', async () => {
    const { started, add, end } = jobs(new LaneQueue(1))
    const failed = add('a', 0)
    void add('b', 0)
    const seen = expect(failed).rejects.toThrow('broken')
    await end('a', new Error('broken'))
    await seen
    expect(started).toEqual(['a', 'b'])
  })

  it('runs every job once, never more at once than there are threads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(3), { maxLength: 20 }),
        async (threads, lanes) => {
          const { started, ends, add, end } = jobs(new LaneQueue(threads))
          const done = Promise.all(lanes.map((lane, i) => add(String(i), lane)))
          for (let i = 0; i < lanes.length; i++) {
            expect(ends.size).toBe(Math.min(threads, lanes.length - i))
            await end(started.find(name => ends.has(name)) ?? '')
          }
          expect(await done).toEqual(lanes.map((_, i) => String(i)))
          expect(new Set(started).size).toBe(lanes.length)
        },
      ),
      { numRuns: 50 },
    )
  })
})
