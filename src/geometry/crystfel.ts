import { DataError } from '../model/errors.js'
import type { Geometry, Tile, TileShape, Vector } from './tile.js'

type Panel = Readonly<Record<string, string>>

/** Keys that say where a panel is; all others are passed over: beam, masks, data paths, groups. */
const KEYS = /^(?:(?:min|max)_(?:ss|fs)|corner_[xy]|ss|fs|res|dim\d)$/
/** What has parts as panels have, and is none: bad regions and rigid groups. */
const OTHERS = /^(?:bad|rigid_group|group_)/
/** Characters of a value; a longer one is no number. */
const LONGEST = 200

/**
 * Reads the panels of a CrystFEL geometry (`.geom`). Panels are known by the data that they hold (module, `min_ss`, `min_fs`),
 * not by their names; corners and steps are in pixels of 1/`res` metres. Layouts of one module a panel stack (`dim1 = module`)
 * and the older two-dimensional one, modules one below the other, are read. z (`coffset`) is not.
 * @param shape of the detector that the file is for.
 * @throws DataError naming panel and key: missing, not a number, or a panel that is not one of the detector's tiles.
 */
export function readCrystfel(text: string, shape: TileShape): Geometry {
  const wanted = tileCount(shape)
  const { globals, panels } = parse(text, wanted)
  const tiles = [...panels].map(([name, own]) => tileOf(name, { ...globals, ...own }, shape))
  const order = ({ module, slowScan, fastScan }: Tile): number =>
    (module * shape.moduleSlowScan + slowScan) * shape.moduleFastScan + fastScan
  const sorted = tiles.sort((a, b) => order(a) - order(b))
  const again = sorted.find((tile, i) => i > 0 && order(tile) === order(sorted[i - 1] as Tile))
  if (sorted.length !== wanted || again)
    throw notAllTiles(
      `it has ${sorted.length} panels${again ? `, two of one part of module ${again.module}` : ''}`,
      wanted,
    )
  return { shape, tiles: sorted }
}

/** Tiles of the whole detector. */
export function tileCount(shape: TileShape): number {
  const { modules, moduleSlowScan, moduleFastScan, tileSlowScan, tileFastScan } = shape
  return modules * ((moduleSlowScan * moduleFastScan) / (tileSlowScan * tileFastScan))
}

function notAllTiles(what: string, wanted: number): DataError {
  return new DataError(`${what}; the detector has ${wanted} tiles`, {
    hint: 'Use the geometry of this detector, one panel a tile',
  })
}

function parse(
  text: string,
  most: number,
): { readonly globals: Panel; readonly panels: ReadonlyMap<string, Panel> } {
  const globals: Record<string, string> = {}
  const panels = new Map<string, Record<string, string>>()
  for (const line of text.split('\n')) {
    const [said = ''] = line.split(';', 1)
    const equals = said.indexOf('=')
    const left = said.slice(0, Math.max(0, equals)).trim()
    const slash = left.indexOf('/')
    const key = left.slice(slash + 1)
    if (!KEYS.test(key) || OTHERS.test(left)) continue
    const value = said.slice(equals + 1).trim()
    if (slash < 0) globals[key] = value
    else {
      // What is said outside of panels holds for those behind it, so each takes what is known so far.
      const panel = left.slice(0, slash)
      const own = panels.get(panel) ?? { ...globals }
      own[key] = value
      panels.set(panel, own)
      if (panels.size > most) throw notAllTiles(`it has more than ${most} panels`, most)
    }
  }
  return { globals, panels }
}

function tileOf(name: string, panel: Panel, shape: TileShape): Tile {
  const refuse = (what: string) =>
    new DataError(`panel ${short(name)}: ${what}`, { hint: 'Check the file with CrystFEL’s check-geom' })
  const number = (key: string): number => {
    const value = numberOf(panel[key] ?? '')
    if (value === undefined)
      throw refuse(`${key} is ${panel[key] === undefined ? 'missing' : `"${short(panel[key])}"`}`)
    return value
  }
  const minSs = number('min_ss')
  const maxSs = number('max_ss')
  const minFs = number('min_fs')
  const maxFs = number('max_fs')
  const stacked = moduleDimension(panel)
  const module = stacked ?? Math.floor(minSs / shape.moduleSlowScan)
  const slowScan = stacked === undefined ? minSs % shape.moduleSlowScan : minSs
  const isTile =
    isStart(module, 1, shape.modules) &&
    isStart(slowScan, shape.tileSlowScan, shape.moduleSlowScan) &&
    isStart(minFs, shape.tileFastScan, shape.moduleFastScan) &&
    maxSs - minSs + 1 === shape.tileSlowScan &&
    maxFs - minFs + 1 === shape.tileFastScan
  if (!isTile)
    throw refuse(
      `its data (module ${module}, ss ${minSs} to ${maxSs}, fs ${minFs} to ${maxFs}) are not a tile of the detector`,
    )
  const res = number('res')
  if (!(res > 0)) throw refuse(`res is "${res}", where pixels a metre are needed`)
  const metres = ([x, y]: Vector): Vector => [x / res, y / res]
  const step = (key: string): Vector => {
    const found = vectorOf(panel[key] ?? '')
    if (found === undefined)
      throw refuse(`${key} is "${short(panel[key] ?? '')}", where a step like +0.5x -1.0y is needed`)
    return metres(found)
  }
  return {
    ...{ module, slowScan, fastScan: minFs },
    corner: metres([number('corner_x'), number('corner_y')]),
    slowStep: step('ss'),
    fastStep: step('fs'),
  }
}

/** Whether `value` is a multiple of `step` from 0 on, below `end`. */
function isStart(value: number, step: number, end: number): boolean {
  return value >= 0 && value < end && value % step === 0
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** The module that a panel's data dimensions name; undefined in the two-dimensional layout. */
function moduleDimension(panel: Panel): number | undefined {
  for (const [key, value] of Object.entries(panel))
    if (key.startsWith('dim') && /^\d{1,9}$/.test(value)) return Number(value)
  return undefined
}

const NUMBER = String.raw`(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`
const WHOLE = new RegExp(`^[+-]?${NUMBER}$`)
const STEP = new RegExp(`^(?:[+-]?(?:${NUMBER})?[xyz])+$`)
const STEP_PART = new RegExp(`([+-]?)(${NUMBER})?([xyz])`, 'g')

function numberOf(text: string): number | undefined {
  const value = text.length <= LONGEST && WHOLE.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/** `+0.999995x -0.001328y`, either part alone, a missing number being 1. */
function vectorOf(text: string): Vector | undefined {
  const packed = text.length <= LONGEST ? text.replace(/\s+/g, '') : ''
  if (!STEP.test(packed)) return undefined
  let [x, y] = [0, 0]
  for (const [, sign, digits = '1', axis] of packed.matchAll(STEP_PART)) {
    const value = (sign === '-' ? -1 : 1) * Number(digits)
    if (axis === 'x') x += value
    if (axis === 'y') y += value
  }
  return Number.isFinite(x) && Number.isFinite(y) ? [x, y] : undefined
}
