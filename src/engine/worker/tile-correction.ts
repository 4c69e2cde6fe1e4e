import { badPixelMask } from '../../../constants/model/bad-pixels.js'
import type { Corrector, SlotTile, TileForm } from '../contract/corrector.js'
import { CorrectorLostError } from '../contract/corrector.js'
import { type PhaseTotals, timed } from '../contract/phase-times.js'
import type { SlotViews } from '../contract/slot-views.js'
import type { DeflatedFrame, TileDeflater } from './tile-deflater.js'

/** The bit of frames that INDEX counts, but nobody wrote (docs/decisions/2026-11-30-frames-never-written.md). */
export const NOT_WRITTEN = badPixelMask('VALUE_OUT_OF_RANGE')

/** Bytes moved a pixel in the two forms: raw 4 and data 4, with planes gain 1 and mask 4 besides. */
const BYTES: Readonly<Record<TileForm, number>> = { listed: 8, planes: 13 }
/** Bytes deflated a pixel: gain 1, mask 4. */
const DEFLATED_BYTES = 5

/** Of an entry in a list, which has the room of a gain plane. */
const DEPARTURE_BYTES = 8

/** Tiles that are corrected by planes at once after one whose departures did not fit their lists. */
const DENSE_TILES = 16

/**
 * Corrects the tiles of one slot by the first of several correctors that works, and deflates their gain and mask.
 *
 * Where few pixels depart from their cell's first stage, the corrector only lists these, and the streams are made of the
 * lists. Where there are many, it stores planes, which are deflated one by one. Both give the same planes.
 */
export class TileCorrection {
  readonly #correctors: Corrector[]
  readonly #deflater: TileDeflater
  readonly #density: Density
  readonly #slot: SlotViews
  readonly #times: PhaseTotals
  /** The form in which the last tile was corrected. */
  form: TileForm = 'planes'
  /** Why correctors gave up. */
  readonly handedOver: string[] = []
  /** Frames corrected by another than the last of the correctors, which are the kernels. */
  onDevice = 0

  /** @param correctors in order of preference, at least one. */
  constructor(
    correctors: readonly Corrector[],
    deflater: TileDeflater,
    density: Density,
    slot: SlotViews,
    times: PhaseTotals,
  ) {
    this.#correctors = [...correctors]
    this.#deflater = deflater
    this.#density = density
    this.#slot = slot
    this.#times = times
  }

  /** Whether tiles may have frames of several cells. */
  get mixes(): boolean {
    return this.#correctors[0]?.mixes === true
  }

  /** Leaves data, gain and mask of the tile in the slot as planes. */
  async planes(tile: SlotTile): Promise<void> {
    await this.#correct(tile, 'planes')
  }

  /** Leaves data in the slot, and gain and mask as lists if these hold all departures, else as planes: {@link form} says. */
  async results(tile: SlotTile): Promise<void> {
    const dense = this.#density.high || tile.notWritten !== undefined
    const form = await this.#correct(tile, dense ? 'planes' : 'listed')
    const most = this.#slot.layout.pixels / DEPARTURE_BYTES
    const fits = tile.positions.every((_, i) => this.#slot.entries.departures(i) <= most)
    if (tile.notWritten === undefined) this.#density.note(form === 'planes' || !fits)
    if (form === 'listed' && !fits) await this.#correct(tile, 'planes')
  }

  /** Leaves data in the slot, and returns the deflated gain and mask of each frame: they hold until the next tile. */
  async streams(tile: SlotTile): Promise<DeflatedFrame[]> {
    // Every pixel of a frame that was not written departs: there is nothing to list.
    const dense = this.#density.high || tile.notWritten !== undefined
    const form = await this.#correct(tile, dense ? 'planes' : 'listed')
    const streams = this.#deflate(tile, form)
    if (tile.notWritten === undefined) this.#density.note(form === 'planes' || streams === undefined)
    if (streams !== undefined) return streams
    await this.#correct(tile, 'planes')
    return this.#deflate(tile, 'planes') ?? []
  }

  /** @returns the form in which it was done: by planes where the corrector does not list. */
  async #correct(tile: SlotTile, wanted: TileForm): Promise<TileForm> {
    for (;;) {
      const [corrector, ...others] = this.#correctors
      if (corrector === undefined) throw new Error('there is no corrector')
      const form = corrector.lists ? wanted : 'planes'
      const start = process.hrtime.bigint()
      try {
        for (const part of corrector.mixes ? [tile] : byCell(tile)) await corrector.correct(part, form)
        if (others.length > 0) this.onDevice += tile.positions.length
        if (form === 'planes') this.#markNotWritten(tile)
        const bytes = tile.positions.length * this.#slot.layout.pixels * BYTES[form]
        this.#times.add('correct', Number(process.hrtime.bigint() - start), bytes)
        this.form = form
        return form
      } catch (error) {
        if (!(error instanceof CorrectorLostError) || others.length === 0) throw error
        this.handedOver.push(`${corrector.name}: ${error.message}`)
        this.#correctors.shift()
      }
    }
  }

  #markNotWritten({ positions, notWritten = [] }: SlotTile): void {
    for (const i of notWritten) {
      const { buffer, byteOffset, byteLength } = this.#slot.mask(positions[i] ?? 0)
      const mask = new Uint32Array(buffer, byteOffset, byteLength / 4)
      for (let pixel = 0; pixel < mask.length; pixel++) mask[pixel] = (mask[pixel] ?? 0) | NOT_WRITTEN
    }
  }

  #deflate(tile: SlotTile, form: TileForm): DeflatedFrame[] | undefined {
    const bytes = tile.positions.length * this.#slot.layout.pixels * DEFLATED_BYTES
    return timed(this.#times, 'deflate', bytes, () => this.#deflater.deflate(tile, form))
  }
}

/** The frames of each cell of a tile, for a corrector that does not mix. `notWritten` is of the whole tile: it is left out. */
function byCell(tile: SlotTile): SlotTile[] {
  const { cells, offsets, positions } = tile
  if (cells === undefined) return [tile]
  const rawFrames = offsets.length / positions.length
  return [...new Set(cells)].map(cell => {
    const members = [...cells.keys()].filter(i => cells[i] === cell)
    return {
      cell,
      positions: members.map(i => positions[i] ?? 0),
      offsets: Float64Array.from(
        members.flatMap(i => [...offsets.subarray(i * rawFrames, (i + 1) * rawFrames)]),
      ),
    }
  })
}

/** Remembers whether tiles had too many departures to be listed. It decides nothing but speed. */
export class Density {
  #left = 0

  get high(): boolean {
    return this.#left > 0
  }

  /** @param high the tile could not be done by lists. */
  note(high: boolean): void {
    this.#left = this.#left > 0 ? this.#left - 1 : high ? DENSE_TILES : 0
  }
}
