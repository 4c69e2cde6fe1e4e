import { describe, expect, it } from 'vitest'
import { TrainQueue } from '../../src/bridge/train-queue.js'

/** Everything that follows happens in microtasks. */
const settled = () => new Promise(resolve => setImmediate(resolve))

describe('a full queue', () => {
  it('makes its sender wait', async () => {
    const queue = new TrainQueue<number>(1, 'wait')
    await queue.put(1)
    let put = false
    void queue.put(2).then(() => {
      put = true
    })
    await settled()
    expect(put).toBe(false)
    expect(await queue.take()).toBe(1)
    await settled()
    expect(put).toBe(true)
    expect(await queue.take()).toBe(2)
    expect(queue.dropped).toBe(0)
  })

  it.each([
    ['drop-oldest', [3, 4]],
    ['drop-newest', [1, 2]],
  ] as const)('%s: keeps what is right, and counts the rest', async (whenFull, kept) => {
    const queue = new TrainQueue<number>(2, whenFull)
    for (const train of [1, 2, 3, 4]) await queue.put(train)
    expect([await queue.take(), await queue.take()]).toEqual(kept)
    expect(queue.dropped).toBe(2)
  })
})

describe('a queue', () => {
  it('hands a train to whoever waits, whatever the policy', async () => {
    const queue = new TrainQueue<number>(1, 'drop-newest')
    const taken = queue.take()
    await queue.put(7)
    expect(await taken).toBe(7)
  })

  it('that has ended gives what it holds, then nothing, and lets nobody wait', async () => {
    const queue = new TrainQueue<number>(1, 'wait')
    await queue.put(1)
    const waiting = queue.put(2)
    queue.end()
    await waiting
    expect(await queue.take()).toBe(1)
    expect(await queue.take()).toBeUndefined()
    expect(queue.dropped).toBe(1)
  })
})
