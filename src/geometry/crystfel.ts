import { DataError } from '../model/errors.js'
import type { Geometry, Tile, TileShape, Vector } from './tile.js'

type Panel = Readonly<Record<string, string>>

/** Lines that are not of a panel: groups, bad regions, beam and data paths among them. */
const OTHERS = /^(?:rigid_group|group_|bad|beam|peak_)/

/**
 * Reads the panels of a CrystFEL geometry (`.geom`). Panels are known by the data that they hold (module, `min_ss`, `min_fs`),
 * not by their names; corners and steps are in pixels of 1/`res` metres. Layouts of one module a panel stack (`dim1 = module`)
 * and the older two-dimensional one, modules one below the other, are read.
 * @param shape of the detector that the file is for.
 * @throws DataError naming panel and key: missing, not a number, or a panel that is not one of the detector's tiles.
 */
export function readCrystfel(text: string, shape: TileShape): Geometry {
  const { globals, panels } = parse(text)
  const tiles = [...panels].map(([name, own]) => tileOf(name, { ...globals, ...own }, shape))
  const order = ({ module, slowScan, fastScan }: Tile): number =>
    (module * shape.moduleSlowScan + slowScan) * shape.moduleFastScan + fastScan
  const sorted = tiles.sort((a, b) => order(a) - order(b))
  const wanted =
    shape.modules *
    ((shape.moduleSlowScan * shape.moduleFastScan) / (shape.tileSlowScan * shape.tileFastScan))
  const again = sorted.find((tile, i) => i > 0 && order(tile) === order(sorted[i - 1] as Tile))
  if (sorted.length !== wanted || again)
    throw new DataError(
      `it has ${sorted.length} panels${again ? `, two of one part of module ${again.module}` : ''}; the detector has ${wanted} tiles`,
      { hint: 'Use the geometry of this detector, one panel a tile' },
    )
  return { shape, tiles: sorted }
}

function parse(text: string): { readonly globals: Panel; readonly panels: ReadonlyMap<string, Panel> } {
  const globals: Record<string, string> = {}
  const panels = new Map<string, Record<string, string>>()
  for (const line of text.split('\n')) {
    const [, left = '', right = ''] = /^\s*([^=;]+?)\s*=\s*([^;]*?)\s*(?:;.*)?$/.exec(line) ?? []
    if (left === '' || OTHERS.test(left)) continue
    const [, panel, key] = /^([^/]+)\/(.+)$/.exec(left) ?? []
    // What is said outside of panels holds for those behind it, so each takes what is known so far.
    if (panel === undefined || key === undefined) globals[left] = right
    else {
      const own = panels.get(panel) ?? { ...globals }
      own[key] = right
      panels.set(panel, own)
    }
  }
  return { globals, panels }
}

function tileOf(name: string, panel: Panel, shape: TileShape): Tile {
  const refuse = (what: string) =>
    new DataError(`panel ${name}: ${what}`, { hint: 'Check the file with CrystFEL’s check-geom' })
  const number = (key: string): number => {
    const value = Number(panel[key] ?? Number.NaN)
    if (!Number.isFinite(value))
      throw refuse(`${key} is ${panel[key] === undefined ? 'missing' : `"${panel[key]}"`}`)
    return value
  }
  const [minSs, maxSs, minFs, maxFs] = ['min_ss', 'max_ss', 'min_fs', 'max_fs'].map(number) as [
    number,
    number,
    number,
    number,
  ]
  const stacked = moduleDimension(panel)
  const module = stacked ?? Math.floor(minSs / shape.moduleSlowScan)
  const slowScan = stacked === undefined ? minSs % shape.moduleSlowScan : minSs
  const isTile =
    module < shape.modules &&
    slowScan % shape.tileSlowScan === 0 &&
    minFs % shape.tileFastScan === 0 &&
    maxSs - minSs + 1 === shape.tileSlowScan &&
    maxFs - minFs + 1 === shape.tileFastScan
  if (!isTile)
    throw refuse(
      `its data (module ${module}, ss ${minSs} to ${maxSs}, fs ${minFs} to ${maxFs}) are not a tile of the detector`,
    )
  const res = number('res')
  const metres = ([x, y]: Vector): Vector => [x / res, y / res]
  const step = (key: string): Vector => {
    const found = vectorOf(panel[key] ?? '')
    if (found === undefined)
      throw refuse(`${key} is "${panel[key] ?? ''}", where a step like +0.5x -1.0y is needed`)
    return metres(found)
  }
  return {
    ...{ module, slowScan, fastScan: minFs },
    corner: metres([number('corner_x'), number('corner_y')]),
    slowStep: step('ss'),
    fastStep: step('fs'),
  }
}

/** The module that a panel's data dimensions name; undefined in the two-dimensional layout. */
function moduleDimension(panel: Panel): number | undefined {
  for (const [key, value] of Object.entries(panel))
    if (/^dim\d$/.test(key) && /^\d+$/.test(value)) return Number(value)
  return undefined
}

/** `+0.999995x -0.001328y`, either part alone, a missing number being 1. */
function vectorOf(text: string): Vector | undefined {
  const parts = [...text.matchAll(/([+-]?)\s*(\d*\.?\d*(?:[eE][+-]?\d+)?)\s*([xyz])/g)]
  if (parts.length === 0 || text.replace(/[\s+\-\d.eExyz]/g, '') !== '') return undefined
  let [x, y] = [0, 0]
  for (const [, sign, digits, axis] of parts) {
    const value = (sign === '-' ? -1 : 1) * (digits === '' ? 1 : Number(digits))
    if (axis === 'x') x += value
    if (axis === 'y') y += value
  }
  return [x, y]
}
