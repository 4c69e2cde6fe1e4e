import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  agipdFromQuadrants,
  dsscFromQuadrants,
  lpdFromQuadrants,
  type QuadrantPositions,
} from '../../src/geometry/quadrants.js'
import { snap } from '../../src/geometry/snap.js'

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
    ['agipd', agipdFromQuadrants],
    ['lpd', lpdFromQuadrants],
    ['dssc', dsscFromQuadrants],
  ] as const)('of %s is that of EXtra-geom, pixel by pixel', (name, fromQuadrants) => {
    const { quad_positions, image_shape_yx, centre_yx, lut_sha256 } = golden[name]
    const { height, width, centre, pixels } = snap(fromQuadrants(quad_positions))
    expect([height, width]).toEqual(image_shape_yx)
    expect(centre).toEqual(centre_yx)
    const hash = createHash('sha256').update(new Uint8Array(pixels.buffer)).digest('hex')
    expect(hash).toBe(lut_sha256)
  })
})
