import type { Geometry, Tile, Vector } from './tile.js'

const DATA = '/entry_1/instrument_1/detector_1/data'

/**
 * The geometry as a CrystFEL file (`.geom`), as EXtra-geom writes it: a panel `p<module>a<tile>` for every tile, of data
 * `(frame, module, ss, fs)` as the combined file has them, corners and steps in pixels along fast scan. Rigid groups of modules
 * and quadrants are for CrystFEL's geometry refinement.
 * @param detector its name, for the first line. @param software what writes it.
 */
export function crystfelText({ shape, tiles }: Geometry, detector: string, software: string): string {
  const [pixel] = shape.pixel
  const names = namesOf(tiles)
  const inQuadrant = Math.ceil(shape.modules / 4)
  const groupsOf = (letter: string, count: number, indexOf: (tile: Tile) => number) =>
    Array.from({ length: count }, (_, i) => {
      const members = tiles.filter(tile => indexOf(tile) === i).map(tile => names.get(tile))
      return [`${letter}${i}`, members.join(',')] as const
    })
  const moduleGroups = groupsOf('p', shape.modules, ({ module }) => module)
  const quadrantGroups = groupsOf('q', 4, ({ module }) => Math.floor(module / inQuadrant))
  return `; ${detector} geometry file written by ${software}
; You may need to edit this file to add:
; - mask location in the file, mask_good & mask_bad values to interpret the mask
; - adu_per_eV & photon_energy
; - clen (detector distance)
;
; See: https://www.desy.de/~twhite/crystfel/manual-crystfel_geometry.html

data = ${DATA} ;
dim0 = %
res = ${1 / pixel} ; pixels per metre

; Beam energy in eV
; photon_energy = SET ME

; Camera length, aka detector distance
; clen = SET ME

; Analogue Digital Units per eV
; adu_per_eV = SET ME
${groups(moduleGroups, 'modules')}
${groups(quadrantGroups, 'quads')}
${[...names].map(([tile, name]) => panel(name, tile)).join('')}`

  function panel(name: string, { module, slowScan, fastScan, corner, slowStep, fastStep }: Tile): string {
    const lines = [
      `dim1 = ${module}`,
      'dim2 = ss',
      'dim3 = fs',
      `min_fs = ${fastScan}`,
      `min_ss = ${slowScan}`,
      `max_fs = ${fastScan + shape.tileFastScan - 1}`,
      `max_ss = ${slowScan + shape.tileSlowScan - 1}`,
      `fs = ${step(fastStep, pixel)}`,
      `ss = ${step(slowStep, pixel)}`,
      `corner_x = ${corner[0] / pixel}`,
      `corner_y = ${corner[1] / pixel}`,
      'coffset = 0.0',
    ]
    return `\n${lines.map(line => `${name}/${line}\n`).join('')}`
  }
}

/** `p3a7`: module, and place among its tiles. */
function namesOf(tiles: readonly Tile[]): Map<Tile, string> {
  const seen = new Map<number, number>()
  return new Map(
    tiles.map(tile => {
      const place = seen.get(tile.module) ?? 0
      seen.set(tile.module, place + 1)
      return [tile, `p${tile.module}a${place}`]
    }),
  )
}

function groups(of: readonly (readonly [name: string, panels: string])[], collection: string): string {
  const lines = of.map(([name, panels]) => `rigid_group_${name} = ${panels}\n`)
  return `${lines.join('')}rigid_group_collection_${collection} = ${of.map(([name]) => name).join(',')}\n`
}

/** `+1x -0.5y`, in pixels. */
function step([x, y]: Vector, pixel: number): string {
  const part = (value: number, axis: string) => `${value < 0 ? '-' : '+'}${Math.abs(value)}${axis}`
  return `${part(x / pixel, 'x')} ${part(y / pixel, 'y')}`
}
