import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readCrystfel } from '../../src/geometry/crystfel.js'
import { snap } from '../../src/geometry/snap.js'
import type { Geometry } from '../../src/geometry/tile.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { layoutOf } from '../../src/kits/kit.js'

const { shape: AGIPD_TILES, fromQuadrants: agipdFromQuadrants } = layoutOf(AGIPD)

// The public geometry of a beamtime in March 2018, as EXtra-foam carries it.
const REAL = gunzipSync(readFileSync(new URL('agipd_mar18_v11.geom.gz', import.meta.url))).toString()

/** The text of a geometry, one panel a tile; `flat` has modules one below the other. */
function textOf({ tiles }: Geometry, flat = false): string {
  const panels = tiles.map(({ module, slowScan, fastScan, corner, slowStep, fastStep }, i) => {
    const pixels = (value: number) => value * 5000
    const vector = ([x, y]: readonly [number, number]) => `${pixels(x)}x ${y < 0 ? '' : '+'}${pixels(y)}y`
    const first = slowScan + (flat ? 512 * module : 0)
    return [
      ...(flat ? [] : [`t${i}/dim1 = ${module}`, `t${i}/dim2 = ss`, `t${i}/dim3 = fs`]),
      `t${i}/min_ss = ${first} ; rows`,
      `t${i}/max_ss = ${first + 63}`,
      `t${i}/min_fs = ${fastScan}`,
      `t${i}/max_fs = ${fastScan + 127}`,
      `t${i}/corner_x = ${pixels(corner[0])}`,
      `t${i}/corner_y = ${pixels(corner[1])}`,
      `t${i}/ss = ${vector(slowStep)}`,
      `t${i}/fs = ${vector(fastStep)}`,
    ]
  })
  return ['; a comment', 'res = 5000', ...panels.flat(), 'bad1/panel = t0', 'rigid_group_q0 = t0,t1'].join(
    '\n',
  )
}

const QUADRANTS = [
  [-525, 625],
  [-550, -10],
  [520, -160],
  [542, 475],
] as const

describe('a CrystFEL geometry', () => {
  it('of a real beamtime is snapped as EXtra-geom does', () => {
    const { height, width, centre, pixels } = snap(readCrystfel(REAL, AGIPD_TILES))
    expect([height, width, ...centre]).toEqual([1259, 1092, 629, 549])
    const hash = createHash('sha256').update(new Uint8Array(pixels.buffer)).digest('hex')
    expect(hash).toMatch(/^a830c605/)
  })

  it.each([false, true])('holds what was written to it (two-dimensional: %s)', flat => {
    const geometry = agipdFromQuadrants(QUADRANTS)
    const read = snap(readCrystfel(textOf(geometry, flat), AGIPD_TILES))
    expect(read).toEqual(snap(geometry))
  })

  it.each<[string, (text: string) => string, RegExp]>([
    ['without a corner', text => text.replace(/t5\/corner_x.*\n/, ''), /panel t5: corner_x is missing/],
    [
      'with a word for a number',
      text => text.replace(/t5\/min_ss = \d+/, 't5/min_ss = first'),
      /panel t5: min_ss is "first"/,
    ],
    ['without a step', text => text.replace(/t5\/ss = .*/, 't5/ss = along'), /panel t5: ss is "along"/],
    [
      'with a module too many',
      text => text.replace(/t5\/dim1 = \d+/, 't5/dim1 = 16'),
      /panel t5: its data \(module 16/,
    ],
    [
      'with a panel twice',
      text => text.replace(/t5\/min_ss = \d+/, 't5/min_ss = 0').replace(/t5\/max_ss = \d+/, 't5/max_ss = 63'),
      /two of one part of module 0/,
    ],
    ['without res', text => text.replace('res = 5000', ''), /panel t0: res is missing/],
    [
      'with an empty corner',
      text => text.replace(/t5\/corner_x.*/, 't5/corner_x ='),
      /panel t5: corner_x is ""/,
    ],
    [
      'with a module below 0',
      text =>
        text
          .replace(/t5\/dim1.*/, '')
          .replace(/t5\/min_ss = \d+/, 't5/min_ss = -64')
          .replace(/t5\/max_ss.*/, 't5/max_ss = -1'),
      /panel t5: its data \(module -1/,
    ],
    [
      'with rows beyond the module',
      text => text.replace(/t5\/min_ss = \d+/, 't5/min_ss = 512').replace(/t5\/max_ss.*/, 't5/max_ss = 575'),
      /panel t5: its data \(module 0, ss 512 to 575/,
    ],
    [
      'with columns beyond the module',
      text => text.replace(/t5\/min_fs = \d+/, 't5/min_fs = 128').replace(/t5\/max_fs.*/, 't5/max_fs = 255'),
      /panel t5: its data \(module 0, .* fs 128 to 255/,
    ],
    ['with half a step', text => text.replace(/t5\/ss = .*/, 't5/ss = 5ex'), /panel t5: ss is "5ex"/],
    ['with res 0', text => text.replace('res = 5000', 'res = 0'), /panel t0: res is "0"/],
    ['with a panel too many', text => `${text}\nt128/ss = x`, /it has more than 128 panels/],
    ['of nothing', () => 'just words', /it has 0 panels; the detector has 128 tiles/],
  ])('%s is refused by name', (_, damage, message) => {
    expect(() => readCrystfel(damage(textOf(agipdFromQuadrants(QUADRANTS))), AGIPD_TILES)).toThrow(message)
  })
})
