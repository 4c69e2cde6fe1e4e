/** Bytes of one entry of the frame table: 8 u32 words (docs/architecture.md, kernel contract). */
export const TABLE_ENTRY_BYTES = 32

/** Scratch of the kernel after the entries of a call, in bytes. */
export const TABLE_SCRATCH_BYTES = 8256

/** Largest shared WebAssembly memory on Node 20: 65536 pages of 64 KiB. */
export const MAX_LANE_BYTES = 4 * 1024 ** 3

const PAGE = 65536

/** What a lane must hold; everything else of its byte map follows. */
export interface LaneShape {
  /** Pixels of a module. */
  readonly pixels: number
  /** Memory cells whose constants are resident. */
  readonly cells: number
  /** Planes of constants a cell, 4 bytes a pixel each. */
  readonly planes: number
  /** Bytes of one raw frame. */
  readonly rawFrameBytes: number
  /** Raw frames that a slot holds: a tile of a correction, a strip of a dark run. */
  readonly slotRawFrames: number
  /** Frames of one tile: frames of one cell that a kernel call corrects. */
  readonly slotFrames: number
  readonly slots: number
  /** Room for what spans a whole file; absent: none. */
  readonly reduction?: ReductionRoom
}

/** What reductions over a whole file take: tables of results, and workspaces, each for one task at a time. Bytes. */
export interface ReductionRoom {
  readonly tableBytes: number
  readonly workspaces: number
  readonly workspaceBytes: number
}

/** Byte offsets inside one slot, from the slot's start. */
export interface SlotLayout {
  readonly table: number
  readonly raw: number
  readonly data: number
  /** Gain tile; or, if departures are listed, a list of them in each frame's part. */
  readonly gain: number
  /** Mask tile; or scratch. */
  readonly mask: number
  /** Deflated gain and mask planes of a tile, one after the other. */
  readonly deflated: number
  readonly deflatedBytes: number
  readonly bytes: number
}

/** The byte map of a lane (README.md beside this file draws it). Computed, never assumed. */
export interface LaneLayout extends LaneShape {
  readonly header: number
  readonly params: number
  readonly constants: number
  readonly cellBytes: number
  /** Deflated first mask plane of each cell, made when needed; its first word is 0 before that. */
  readonly masks: number
  readonly maskBytes: number
  readonly slot: SlotLayout
  /** Tables of results of a whole file. */
  readonly tables: number
  readonly firstWorkspace: number
  readonly firstSlot: number
  readonly bytes: number
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to

/** The byte map for `shape`. @throws RangeError if it needs more than a WebAssembly memory can be. */
export function laneLayout(shape: LaneShape): LaneLayout {
  const { pixels, cells, planes, rawFrameBytes, slotRawFrames, slotFrames, slots, reduction } = shape
  const slot = slotLayout(pixels, rawFrameBytes, slotRawFrames, slotFrames)
  // Page 0 belongs to the kernels' static data, page 1 to the header and the parameters.
  const header = PAGE
  const params = PAGE + 32768
  const constants = 2 * PAGE
  const cellBytes = planes * pixels * 4
  const masks = constants + cells * cellBytes
  // A sixteenth of the plane's size suffices for a tenth of bad pixels; a denser plane is deflated for every tile.
  const maskBytes = align(pixels / 4, 64)
  const tables = align(masks + cells * maskBytes, PAGE)
  const firstWorkspace = align(tables + (reduction?.tableBytes ?? 0), PAGE)
  const workspaces = reduction ? reduction.workspaces * align(reduction.workspaceBytes, PAGE) : 0
  const firstSlot = firstWorkspace + workspaces
  const bytes = firstSlot + slots * slot.bytes
  if (bytes > MAX_LANE_BYTES)
    throw new RangeError(`a lane of ${bytes} bytes is more than a WebAssembly memory can be`)
  return {
    ...shape,
    header,
    params,
    constants,
    cellBytes,
    masks,
    maskBytes,
    slot,
    tables,
    firstWorkspace,
    firstSlot,
    bytes,
  }
}

function slotLayout(
  pixels: number,
  rawFrameBytes: number,
  slotRawFrames: number,
  slotFrames: number,
): SlotLayout {
  // A tenth of the planes' size, many times that of sparse ones; planes that do not fit go through node:zlib instead.
  const deflatedBytes = align(slotFrames * Math.ceil(pixels / 2), 4096)
  const table = 0
  const raw = align(slotFrames * TABLE_ENTRY_BYTES + TABLE_SCRATCH_BYTES, 4096)
  const data = align(raw + slotRawFrames * rawFrameBytes, 4096)
  const gain = data + slotFrames * pixels * 4
  const mask = align(gain + slotFrames * pixels, 16)
  const deflated = align(mask + slotFrames * pixels * 4, 4096)
  return {
    table,
    raw,
    data,
    gain,
    mask,
    deflated,
    deflatedBytes,
    bytes: align(deflated + deflatedBytes, PAGE),
  }
}

/** Byte offset of workspace `index`. */
export function workspaceOffset({ firstWorkspace, reduction }: LaneLayout, index: number): number {
  return firstWorkspace + index * align(reduction?.workspaceBytes ?? 0, PAGE)
}

/** Byte offset of slot `index`. */
export function slotOffset(layout: LaneLayout, index: number): number {
  return layout.firstSlot + index * layout.slot.bytes
}
