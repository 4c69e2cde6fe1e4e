import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { crystfelText } from '../../src/geometry/crystfel-text.js'
import { readGeometry } from '../../src/geometry/geometry-file.js'
import type { QuadrantPositions } from '../../src/geometry/quadrants.js'
import { snap } from '../../src/geometry/snap.js'
import type { Geometry, Tile } from '../../src/geometry/tile.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { DSSC } from '../../src/kits/dssc/index.js'
import { type DetectorKit, layoutOf } from '../../src/kits/kit.js'
import { LPD } from '../../src/kits/lpd/index.js'

// Files that EXtra-geom wrote or reads, and what it makes of them: test/golden/geometry/make_geometry.py.
const GOLDEN = new URL('../golden/geometry/', import.meta.url)
const golden = JSON.parse(readFileSync(new URL('golden.json', GOLDEN), 'utf8')) as Record<
  string,
  {
    readonly quadrants?: QuadrantPositions
    readonly shape: readonly number[]
    readonly centre: readonly number[]
    readonly sha256: string
    readonly corners: string
  }
>
const folder = mkdtempSync(join(tmpdir(), 'detcal-geometry-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function unpacked(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, gunzipSync(readFileSync(new URL(`${name}.gz`, GOLDEN))))
  return path
}

const sha256 = (numbers: ArrayBufferView) =>
  createHash('sha256')
    .update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    .digest('hex')

/** What make_geometry.py says of a geometry; EXtra-geom has a module's tiles in the order of its quadrant positions. */
function described(geometry: Geometry, kit: DetectorKit) {
  const { height, width, centre, pixels } = snap(geometry)
  const { fromQuadrants, quadrants } = layoutOf(kit)
  const key = ({ module, slowScan, fastScan }: Tile) => `${module} ${slowScan} ${fastScan}`
  const found = new Map(geometry.tiles.map(tile => [key(tile), tile.corner]))
  const corners = fromQuadrants(quadrants).tiles.flatMap(tile => [...(found.get(key(tile)) ?? [])])
  return {
    ...{ shape: [height, width], centre, sha256: sha256(pixels) },
    corners: sha256(Float64Array.from(corners)),
  }
}

const DETECTORS = [
  ['agipd', AGIPD],
  ['lpd', LPD],
  ['dssc', DSSC],
] as const

describe('a geometry file', () => {
  it.each([
    ['agipd.geom', AGIPD],
    ['lpd.geom', LPD],
    ['dssc.geom', DSSC],
    ['lpd-facility.h5', LPD],
    ['lpd-quadrants.h5', LPD],
    ['dssc-facility.h5', DSSC],
    ['dssc-quadrants.h5', DSSC],
  ] as const)('%s is what EXtra-geom makes of it, to the last bit', async (name, kit) => {
    const { quadrants, ...expected } = golden[name] ?? {}
    const geometry = await readGeometry(unpacked(name), layoutOf(kit), quadrants)
    expect(described(geometry, kit)).toEqual(expected)
  })

  /** Keys and values; numbers and steps as numbers. */
  const said = (text: string) =>
    text
      .split('\n')
      .map(line => (line.split(';')[0] ?? '').trim())
      .filter(line => line !== '' && !/^(?:clen|adu_per_eV)/.test(line))
      .map(line => {
        const [key = '', value = ''] = line.split(' = ')
        const parts = value.split(' ').map(part => {
          const [, number = part, axis = ''] = /^([-+]?[\d.e-]+)([xy]?)$/.exec(part) ?? []
          return Number.isNaN(Number(number)) ? part : `${Number(number) + 0}${axis}`
        })
        return `${key} = ${parts.join(' ')}`
      })

  it.each(DETECTORS)('of %s is written as EXtra-geom writes it', (name, kit) => {
    const { fromQuadrants, quadrants } = layoutOf(kit)
    const ours = crystfelText(fromQuadrants(quadrants), kit.detector.name, 'detcal')
    const theirs = readFileSync(unpacked(`${name}.geom`), 'utf8')
    expect(said(theirs).length).toBeGreaterThan(350)
    expect(said(ours)).toEqual(said(theirs))
  })

  it.each(DETECTORS)('of %s is read as it was written', async (name, kit) => {
    const layout = layoutOf(kit)
    const path = join(folder, `ours-${name}.geom`)
    writeFileSync(path, crystfelText(layout.fromQuadrants(layout.quadrants), kit.detector.name, 'detcal'))
    expect(described(await readGeometry(path, layout), kit)).toEqual(golden[`${name}.geom`])
  })
})
