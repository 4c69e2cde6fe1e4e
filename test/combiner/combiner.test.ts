import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Combiner } from '../../src/combiner/combiner.js'
import type { TrainId } from '../../src/model/ids.js'

const train = (id: number) => id as TrainId

/** Parts are words that must be equal; an empty one has no frames. */
const combiner = (modules: number[], deadline?: number) =>
  new Combiner<string>({
    modules,
    same: (a, b) => a === b,
    empty: part => part === '',
    ...(deadline === undefined ? {} : { deadline }),
  })

describe('a combiner of all that was planned', () => {
  it('gives a train when its last module has come, whatever the order', () => {
    const all = combiner([0, 3, 7])
    all.add(train(5), 7, 'p')
    all.add(train(5), 0, 'p')
    expect(all.take()).toEqual([])
    all.add(train(5), 3, 'p')
    const [given] = all.take()
    expect(given).toMatchObject({ train: 5, complete: true, disagreeing: new Map(), agreed: 'p' })
    expect([...(given?.parts.keys() ?? [])]).toEqual([0, 3, 7])
    expect(all.counts).toEqual({ complete: 1, partial: 0, late: 0, duplicate: 0 })
  })

  it('gives trains in order: one that waits holds back those behind it, until the end', () => {
    const all = combiner([0, 1])
    all.add(train(1), 0, 'p')
    all.add(train(2), 0, 'p')
    all.add(train(2), 1, 'p')
    expect(all.take(1e9)).toEqual([])
    expect(all.finish().map(({ train, complete }) => [train, complete])).toEqual([
      [1, false],
      [2, true],
    ])
    expect(all.counts).toMatchObject({ complete: 1, partial: 1 })
  })

  it('leaves out modules that disagree with most, the lowest module deciding a tie', () => {
    const all = combiner([0, 1, 2, 3])
    for (const [module, part] of ['q', 'p', 'p', ''].entries()) all.add(train(1), module, part)
    for (const [module, part] of ['q', 'p', '', ''].entries()) all.add(train(2), module, part)
    const [first, second] = all.take()
    expect(first).toMatchObject({ agreed: 'p', disagreeing: new Map([[0, 'q']]), complete: false })
    expect([...(first?.parts.keys() ?? [])]).toEqual([1, 2, 3])
    expect(second).toMatchObject({ agreed: 'q', disagreeing: new Map([[1, 'p']]) })
  })

  it('gives doubtful parts no vote while others have one, and lets them agree with whom they fit', () => {
    const all = new Combiner<string>({
      modules: [0, 1, 2],
      same: (a, b) => a === b || a === '?' || b === '?',
      doubtful: part => part.includes('?'),
    })
    for (const [module, part] of ['?', 'x?', 'p'].entries()) all.add(train(1), module, part)
    for (const [module, part] of ['x?', 'y?', 'y?'].entries()) all.add(train(2), module, part)
    const [first, second] = all.take()
    expect(first).toMatchObject({ agreed: 'p', disagreeing: new Map([[1, 'x?']]) })
    expect([...(first?.parts.keys() ?? [])]).toEqual([0, 2])
    expect(second).toMatchObject({ agreed: 'y?', disagreeing: new Map([[0, 'x?']]) })
  })

  it('knows no pulses where no module has a frame', () => {
    const all = combiner([0])
    all.add(train(1), 0, '')
    const [given] = all.take()
    expect(given).toMatchObject({ complete: true })
    expect(given).not.toHaveProperty('agreed')
  })
})

describe('a combiner with a deadline', () => {
  it('gives the oldest train when more wait than may, and takes ids anew once told to forget', () => {
    const live = new Combiner<string>({ modules: [0, 1], most: 2, deadline: 1e6, same: (a, b) => a === b })
    for (const id of [1, 2, 3]) live.add(train(id), 0, 'p')
    expect(live.take().map(({ train }) => train)).toEqual([1])
    expect(live.add(train(1), 1, 'p')).toBe('late')
    live.forget()
    expect(live.add(train(1), 1, 'p')).toBe('kept')
  })

  it('gives a train without its missing modules when its time has come, and not before', () => {
    const live = combiner([0, 1], 200)
    live.add(train(1), 0, 'p', 1000)
    expect(live.take(1199)).toEqual([])
    expect(live.take(1200)).toMatchObject([{ train: 1, complete: false }])
    expect(live.counts).toMatchObject({ partial: 1 })
  })

  it('counts what comes late or twice, and mixes neither into a train', () => {
    const live = combiner([0, 1], 200)
    live.add(train(1), 0, 'p', 0)
    expect(live.add(train(1), 0, 'q', 1)).toBe('duplicate')
    expect(live.take(200)).toMatchObject([{ parts: new Map([[0, 'p']]) }])
    expect(live.add(train(1), 1, 'p', 201)).toBe('late')
    expect(live.waiting).toBe(0)
    expect(live.counts).toEqual({ complete: 0, partial: 1, late: 1, duplicate: 1 })
  })
})

it('loses no part and gives each train once, in order, for any order of arrival', () => {
  const arrivals = fc.array(fc.tuple(fc.nat(9), fc.nat(3), fc.nat(50)), { maxLength: 60 })
  fc.assert(
    fc.property(arrivals, fc.nat(100), (list, deadline) => {
      const live = combiner([0, 1, 2, 3], deadline)
      let now = 0
      let kept = 0
      const given: number[] = []
      let parts = 0
      const note = (trains: ReturnType<typeof live.take>) => {
        expect(trains.map(({ train }) => train)).toEqual(
          trains.map(({ train }) => train).sort((a, b) => a - b),
        )
        given.push(...trains.map(({ train }) => train))
        parts += trains.reduce((sum, { parts }) => sum + parts.size, 0)
      }
      for (const [id, module, later] of list) {
        now += later
        if (live.add(train(id), module, 'p', now) === 'kept') kept++
        note(live.take(now))
      }
      note(live.finish())
      expect(parts).toBe(kept)
      expect(new Set(given).size).toBe(given.length)
      const { late, duplicate, complete, partial } = live.counts
      expect(kept + late + duplicate).toBe(list.length)
      expect(complete + partial).toBe(given.length)
    }),
  )
})
