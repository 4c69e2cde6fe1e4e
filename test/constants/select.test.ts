import fc from 'fast-check'
import { expect, it } from 'vitest'
import { selectVersion } from '../../constants/catalogue/select.js'

const version = (ms: number, id = ms) => ({ id, beginAt: new Date(ms) })
const pick = (times: number[], at: number, strategy: 'closest' | 'prior') =>
  selectVersion(
    times.map(t => version(t)),
    new Date(at),
    strategy,
  )?.beginAt.getTime()

it('closest takes the nearest on either side, a tie the earlier', () => {
  expect(pick([10, 20, 30], 24, 'closest')).toBe(20)
  expect(pick([30, 20, 10], 26, 'closest')).toBe(30)
  expect(pick([30, 20], 25, 'closest')).toBe(20)
  expect(pick([], 25, 'closest')).toBeUndefined()
})

it('prior never takes what began later', () => {
  expect(pick([10, 20, 30], 29, 'prior')).toBe(20)
  expect(pick([10, 20, 30], 30, 'prior')).toBe(30)
  expect(pick([10], 9, 'prior')).toBeUndefined()
})

it('of two that began at once, the one entered last', () => {
  const versions = [version(10, 1), version(10, 3), version(10, 2)]
  expect(selectVersion(versions, new Date(50), 'closest')?.id).toBe(3)
})

it('whatever the order: nothing nearer is left, and only ties are earlier', () => {
  const times = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 })
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom('closest', 'prior'),
      (all, at, strategy) => {
        const chosen = pick(all, at, strategy as 'closest' | 'prior')
        const allowed = strategy === 'prior' ? all.filter(t => t <= at) : all
        const nearest = Math.min(...allowed.map(t => Math.abs(t - at)))
        const best = allowed.filter(t => Math.abs(t - at) === nearest)
        expect(chosen).toBe(best.length ? Math.min(...best) : undefined)
      },
    ),
  )
})
