import { ASIC_SIDE } from '../../corrections/common-mode.js'
import { TABLE_ENTRY_BYTES, TABLE_SCRATCH_BYTES } from '../../memory/lane-layout.js'

/** Shape of a module, as far as reductions know it. */
export interface StripShape {
  /** Pixels of a module, and of a strip: one row of ASICs. */
  readonly pixels: number
  readonly strip: number
}

/** Byte offsets in a workspace, where a thread reduces one strip of the images of one row of cells. */
export interface WorkspaceLayout extends StripShape {
  /** Frames that are taken together: as many as have strips in the space of two raw planes. */
  readonly together: number
  readonly table: number
  /** Strips of the raw planes: a plane of a kernel's raw frame holds that of each frame taken together. */
  readonly raw: number
  readonly stages: number
  readonly sums: number
  readonly counts: number
  readonly first: number
  readonly still: number
  /** Values of the strip of each image, `pitch` bytes apart. */
  readonly data: number
  readonly pitch: number
}

/** A cache line beyond a power of two: strips of several frames would otherwise fight for the same lines. */
const GAP = 64

/** A strip is a row of ASICs of a module that is `fastScan` wide. */
export function stripShape(slowScan: number, fastScan: number): StripShape {
  return { pixels: slowScan * fastScan, strip: fastScan * ASIC_SIDE }
}

export function workspaceLayout({ pixels, strip }: StripShape): WorkspaceLayout {
  const together = pixels / strip
  let at = 0
  const part = (bytes: number): number => {
    const start = at
    at = Math.ceil((start + bytes) / 64) * 64
    return start
  }
  return {
    ...{ pixels, strip, together },
    table: part(together * TABLE_ENTRY_BYTES + TABLE_SCRATCH_BYTES),
    raw: part(4 * pixels),
    stages: part(together * strip),
    sums: part(8 * strip),
    counts: part(4 * strip),
    first: part(2 * strip),
    still: part(strip),
    data: part(0),
    pitch: 4 * strip + GAP,
  }
}

/** Bytes of a workspace that keeps the values of `images` images; the others are made of raw data again in each sweep. */
export function workspaceBytes({ data, pitch, together }: WorkspaceLayout, images: number): number {
  return data + (images + together) * pitch
}

/** How many images a workspace of `bytes` keeps. */
export function imagesKept({ data, pitch, together }: WorkspaceLayout, bytes: number): number {
  return Math.max(0, Math.floor((bytes - data) / pitch) - together)
}
