import { describe, expect, it } from 'vitest'
import { LaneHomes } from '../../src/engine/lane-homes.js'

const threads = (...usages: number[]) => usages.map((currentUsage, i) => ({ id: 10 + i, currentUsage }))

describe('LaneHomes', () => {
  it('gives each lane a thread of its own and keeps to it', () => {
    const homes = new LaneHomes(2)
    expect(homes.place(0, threads(0, 0))?.id).toBe(10)
    expect(homes.place(1, threads(1, 0))?.id).toBe(11)
    expect(homes.place(0, threads(0, 0))?.id).toBe(10)
    expect(homes.place(1, threads(1, 1))?.id).toBe(11)
    // Not to one that has less to do, unless that has nothing.
    const many = new LaneHomes(3)
    many.place(0, threads(0, 0))
    expect(many.place(0, threads(2, 1))?.id).toBe(10)
    expect(many.place(0, threads(1, 0))?.id).toBe(11)
  })

  it('gives a task to another thread when its own has enough, and to none when all have', () => {
    const homes = new LaneHomes(2)
    homes.place(0, threads(0, 0))
    expect(homes.place(0, threads(2, 1))?.id).toBe(11)
    expect(homes.place(0, threads(2, 2))).toBeUndefined()
    // That was no move.
    expect(homes.place(0, threads(1, 1))?.id).toBe(10)
  })

  it('shares threads where there are more lanes, and replaces one that died', () => {
    const homes = new LaneHomes(2)
    for (const lane of [0, 1]) homes.place(lane, threads(0, 0))
    expect(homes.place(2, threads(1, 0))?.id).toBe(11)
    const without = threads(0, 0).slice(1)
    expect(homes.place(0, [...without, { id: 99, currentUsage: 0 }])?.id).toBe(99)
  })

  it('takes the least busy thread for a task of no lane', () => {
    expect(new LaneHomes(2).place(undefined, threads(1, 0, 1))?.id).toBe(11)
  })
})
