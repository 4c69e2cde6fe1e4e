import { describe, expect, it } from 'vitest'
import { assemble, type PlaneNumbers } from '../../src/geometry/assemble.js'
import { type SnappedTable, snap } from '../../src/geometry/snap.js'
import { KITS } from '../../src/kits/index.js'
import { layoutOf } from '../../src/kits/kit.js'

const MISSING = 5

/** One pixel after the other, from the look-up table alone. */
function slowly(
  table: SnappedTable,
  modules: readonly (PlaneNumbers | undefined)[],
  out: PlaneNumbers,
  fill: number,
): void {
  const size = table.shape.moduleSlowScan * table.shape.moduleFastScan
  table.pixels.forEach((index, place) => {
    out[place] = index === 0 ? fill : (modules[Math.floor((index - 1) / size)]?.[(index - 1) % size] ?? fill)
  })
}

describe.each(KITS.map(kit => [kit.detector.id, layoutOf(kit)] as const))('an image of %s', (_, layout) => {
  const table = snap(layout.fromQuadrants(layout.quadrants))
  const { modules: count, moduleSlowScan, moduleFastScan } = table.shape
  const size = moduleSlowScan * moduleFastScan

  it.each<[string, new (numbers: number) => PlaneNumbers, number]>([
    ['f32', Float32Array, Number.NaN],
    ['f64', Float64Array, Number.NaN],
    ['u8', Uint8Array, 0],
    ['u16', Uint16Array, 0],
    ['u32', Uint32Array, 0],
    ['i16', Int16Array, 0],
  ])('of %s has every pixel in its place; gaps and a missing module are blank', (_, Plane, fill) => {
    const modules = Array.from({ length: count }, (_, module) => {
      if (module === MISSING) return undefined
      return new Plane(size).map((_, i) => module * size + i + 1) as PlaneNumbers
    })
    const out = new Plane(table.pixels.length).fill(99) as PlaneNumbers
    const expected = new Plane(table.pixels.length) as PlaneNumbers
    assemble(table, modules, out)
    slowly(table, modules, expected, fill)
    expect(Buffer.compare(new Uint8Array(out.buffer), new Uint8Array(expected.buffer))).toBe(0)
    expect(new Set(out).size).toBeGreaterThan(250)
  })

  it('has another value in its gaps if asked', () => {
    const out = new Float32Array(table.pixels.length)
    assemble(table, new Array<undefined>(count).fill(undefined), out, -1)
    expect(out.every(value => value === -1)).toBe(true)
  })

  it('is made of whole modules only, in an array of its size', () => {
    const none = new Array<Float32Array | undefined>(count).fill(undefined)
    const image = () => new Float32Array(table.pixels.length)
    expect(() => assemble(table, none, new Float32Array(7))).toThrow(RangeError)
    expect(() => assemble(table, none.slice(1), image())).toThrow(RangeError)
    expect(() => assemble(table, [new Float32Array(size - 1), ...none.slice(1)], image())).toThrow(RangeError)
  })
})
