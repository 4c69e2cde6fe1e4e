import { describe, expect, it } from 'vitest'
import { Seats } from '../../src/engine/threads/seats.js'

const thread = (id: number, currentUsage = 0) => ({ id, currentUsage })
/** The id that `seat` gets among `threads`. */
const idAt = (seats: Seats, seat: number, threads: ReturnType<typeof thread>[]) =>
  seats.at(seat, () => seats.choose(threads)?.id)

describe('Seats', () => {
  it('keeps a seat on its thread, whichever has less to do', () => {
    const seats = new Seats(2)
    expect(idAt(seats, 0, [thread(7), thread(8)])).toBe(7)
    expect(idAt(seats, 1, [thread(7, 1), thread(8)])).toBe(8)
    expect(idAt(seats, 0, [thread(7, 1), thread(8)])).toBe(7)
    expect(idAt(seats, 1, [thread(7), thread(8, 1)])).toBe(8)
  })

  it('gives the seat of a dead thread to the one started in its place', () => {
    const seats = new Seats(2)
    idAt(seats, 0, [thread(7), thread(8)])
    idAt(seats, 1, [thread(7, 1), thread(8)])
    expect(idAt(seats, 0, [thread(8), thread(9, 1)])).toBe(9)
    expect(idAt(seats, 0, [thread(8), thread(9, 1)])).toBe(9)
    expect(idAt(seats, 1, [thread(8, 1), thread(9)])).toBe(8)
  })

  it('falls back on any thread with room while there is no other, and on none if none has', () => {
    const seats = new Seats(2)
    idAt(seats, 0, [thread(7), thread(8)])
    idAt(seats, 1, [thread(7, 1), thread(8)])
    expect(idAt(seats, 0, [thread(8, 1)])).toBe(8)
    expect(idAt(seats, 0, [thread(8, 2)])).toBeUndefined()
    expect(idAt(seats, 1, [thread(7, 1), thread(8, 2)])).toBe(7)
  })

  it('takes the least busy for a task that was queued', () => {
    const seats = new Seats(3)
    expect(seats.choose([thread(7, 2), thread(8, 1), thread(9, 3)])?.id).toBe(8)
  })
})
