import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { QuadrantPositions } from '../../src/geometry/quadrants.js'
import { snap } from '../../src/geometry/snap.js'
import type { Geometry } from '../../src/geometry/tile.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { DSSC } from '../../src/kits/dssc/index.js'
import { KITS } from '../../src/kits/index.js'
import { layoutOf } from '../../src/kits/kit.js'
import { LPD } from '../../src/kits/lpd/index.js'

interface Golden {
  readonly quad_positions: QuadrantPositions
  readonly image_shape_yx: readonly [number, number]
  readonly centre_yx: readonly [number, number]
  readonly lut_sha256: string
}

// Made by EXtra-geom: https://github.com/European-XFEL/EXtra-geom, position_modules of an array of pixel numbers.
const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Record<
  'agipd' | 'lpd' | 'dssc',
  Golden
>

describe('the snapped image', () => {
  it.each([
    ['agipd', AGIPD],
    ['lpd', LPD],
    ['dssc', DSSC],
  ] as const)('of %s is that of EXtra-geom, pixel by pixel', (name, kit) => {
    const layout = layoutOf(kit)
    const { quad_positions, image_shape_yx, centre_yx, lut_sha256 } = golden[name]
    expect(layout.quadrants).toEqual(quad_positions)
    const { height, width, centre, pixels } = snap(layout.fromQuadrants(quad_positions))
    expect([height, width]).toEqual(image_shape_yx)
    expect(centre).toEqual(centre_yx)
    const hash = createHash('sha256').update(new Uint8Array(pixels.buffer)).digest('hex')
    expect(hash).toBe(lut_sha256)
  })

  it.each(
    KITS.map(kit => [kit.detector.id, kit] as const),
  )('of %s has every pixel of the detector once', (_, kit) => {
    const { shape, fromQuadrants, quadrants } = layoutOf(kit)
    const { moduleCount, slowScan, fastScan } = kit.detector
    expect([shape.modules, shape.moduleSlowScan, shape.moduleFastScan]).toEqual([
      moduleCount,
      slowScan,
      fastScan,
    ])
    const indices = snap(fromQuadrants(quadrants)).pixels.filter(index => index !== 0)
    expect(indices.length).toBe(moduleCount * slowScan * fastScan)
    expect(new Set(indices).size).toBe(indices.length)
  })

  it.each<[string, (geometry: Geometry) => Geometry, RegExp]>([
    [
      'far apart',
      ({ shape, tiles }) => ({
        shape,
        tiles: tiles.map((tile, i) => (i === 0 ? { ...tile, corner: [90, 80] } : tile)),
      }),
      /its tiles lie \d+ × \d+ pixels apart/,
    ],
    [
      'nowhere',
      ({ shape, tiles }) => ({
        shape,
        tiles: tiles.map((tile, i) => (i === 5 ? { ...tile, corner: [Number.POSITIVE_INFINITY, 0] } : tile)),
      }),
      /its tiles lie .* pixels apart/,
    ],
    [
      'turned by 45 degrees',
      ({ shape, tiles }) => ({
        shape,
        tiles: tiles.map(tile => ({ ...tile, slowStep: [2e-4, 2e-4], fastStep: [2e-4, -2e-4] })),
      }),
      /module 0, tile at row 0, column 0: its rows go neither along x nor along y/,
    ],
  ])('of tiles that lie %s is refused', (_, damage, message) => {
    const { fromQuadrants, quadrants } = layoutOf(AGIPD)
    expect(() => snap(damage(fromQuadrants(quadrants)))).toThrow(message)
  })
})
