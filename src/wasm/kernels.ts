import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/**
 * Corrects `frames` frames of one memory cell. All arguments are byte offsets in the kernels' memory, none is checked:
 * `table` of 32-byte entries, `constants` of the cell's planes, `params` as {@link writeParams} writes them.
 */
export type CorrectionKernel = (table: number, frames: number, constants: number, params: number) => void

/**
 * A part of a correction, of pixels `from` … `to` − 1 of `frames` frames of one memory cell, else as {@link
 * CorrectionKernel}.
 */
export type StripKernel = (
  table: number,
  frames: number,
  constants: number,
  params: number,
  from: number,
  to: number,
) => void

/**
 * Moves elements of a strip of pixels (of a file, in any axis order) into planes in image order. Element e of pixel
 * (slow, fast) is read at `src + slow·slowStride + fast·fastStride + e·elementStride` (bytes) and goes to byte `to +
 * slow·pitch + 4·fast` after the e-th u32 pointer of `table`; 0: not wanted. Fastest where elements are adjacent, and
 * where a slab covers whole pages of each plane.
 * @returns elements that a u32 does not hold (only the `or…64` ones).
 */
export type Gather = (
  src: number,
  elementStride: number,
  fastStride: number,
  slowStride: number,
  table: number,
  elements: number,
  fastCount: number,
  slowCount: number,
  pitch: number,
  to: number,
) => number

/**
 * Statistics of `pixels` (a multiple of 8) u16 pixels over `frames` (1 … 65535) frames that lie `stride` bytes apart
 * from `src`, in any order. A sample is `(raw >> shift) & bits`, and `zeroAs` where that is 0. Planes of f32 go to
 * `median`, `mean` and `deviation` (population standard deviation) where these are not 0; `scratch`, aligned to 16,
 * holds {@link darkScratchBytes}.
 */
export type DarkStatistics = (
  src: number,
  frames: number,
  stride: number,
  pixels: number,
  shift: number,
  bits: number,
  zeroAs: number,
  median: number,
  mean: number,
  deviation: number,
  scratch: number,
) => void

/**
 * Adds frames, laid out and decoded as in {@link DarkStatistics}, 1 … 64 of them, to the sums of `pixels` (a multiple
 * of 8) pixels: {@link darkSumsBytes}, aligned to 16. With `begin` 1 the sums restart at 0.
 */
export type DarkSums = (
  src: number,
  frames: number,
  stride: number,
  pixels: number,
  shift: number,
  bits: number,
  zeroAs: number,
  sums: number,
  begin: 0 | 1,
) => void

/** Most frames of one call of {@link DarkSums}. */
export const MOST_SUMMED = 64

/**
 * Interleaves planes of pixels: element `[row][slow scan][plane]` of `out`, 4 bytes each, for `rows` (a multiple of 4)
 * fast-scan rows from `first`, of planes in image order. `table` holds a u32 pointer a plane. Planes and `out` are
 * aligned to 16.
 */
export type Interleave = (
  table: number,
  planes: number,
  slowScan: number,
  fastScan: number,
  first: number,
  rows: number,
  out: number,
) => void

/**
 * Sums, modulo 2^64 in each half, the checksums of `columns` × `rows` × `groups` runs of `bytes` bytes (the last of the
 * groups `lastBytes`), side by side in each row, into `out[(phase + r) / partRows][g]` of 16 bytes each. The number of
 * a run, modulo 2^32 `first + c·columnNumber + r·rowNumber + g·groupNumber`, is part of its checksum: a sum does not
 * depend on the calls in which its runs are taken, only on their positions. `phase` is below `partRows`.
 */
export type ChecksumRuns = (
  src: number,
  bytes: number,
  lastBytes: number,
  groups: number,
  groupNumber: number,
  rows: number,
  rowStride: number,
  rowNumber: number,
  partRows: number,
  phase: number,
  columns: number,
  columnStride: number,
  columnNumber: number,
  first: number,
  out: number,
) => void

/** Scratch of {@link DarkStatistics}: the samples of a cache line of pixels, and their sums. */
export function darkScratchBytes(frames: number): number {
  return 64 * Math.ceil(frames / 4) * 4 + 304
}

/** Bytes of the sums of {@link DarkSums}. */
export function darkSumsBytes(pixels: number): number {
  return 18 * pixels
}

/**
 * The exports of the WebAssembly module, bound to one memory. All arguments are byte offsets or counts, unchecked.
 * {@link correctionKernel} finds those that correct.
 */
export interface Kernels extends WholeKernels {
  /** f64 to f32, rounded. */
  readonly gatherF64: Gather
  /** f32 or u32 as they are. */
  readonly gather32: Gather
  /** Multiplies the existing f32 by f64, rounded to f32 first, and by f32. */
  readonly timesF64: Gather
  readonly timesF32: Gather
  /** Bad-pixel masks of u32, of 64-bit integers and of f64, ORed into the existing words. */
  readonly orU32: Gather
  readonly orU64: Gather
  readonly orF64: Gather
  /**
   * Deflates `bytes` (at most 2^28) bytes at `src` to a zlib stream at `dst`: fast and small for planes that are mostly
   * one byte or one u32, poor for others. @returns the bytes of the stream, or 0 if it may not fit into `capacity`:
   * nothing beyond that was written; use node:zlib then.
   */
  readonly deflateRuns: (src: number, bytes: number, dst: number, capacity: number) => number
  /**
   * Deflates gain and mask of `frames` frames that the listed form of a correction kernel left in `table`: two zlib
   * streams a frame, one after the other from `dst` on, their lengths in the table. `masks` is the cell's first mask
   * plane, `kept` the place of its deflated form (`maskBytes` of a lane's layout; the first word is 0 initially).
   * @returns the bytes of all streams, or 0 if they may not fit `capacity`, the masks may not fit the scratch, or a
   * list did not fit its buffer: use the other form and {@link deflateRuns} then.
   */
  readonly deflateListed: (
    table: number,
    frames: number,
    masks: number,
    params: number,
    kept: number,
    keptBytes: number,
    scratch: number,
    scratchBytes: number,
    dst: number,
    capacity: number,
  ) => number
  /** Writes the 16 bytes of the checksum of `bytes` bytes, a multiple of 128, at `src` to `out`. */
  readonly checksum: (src: number, bytes: number, out: number) => void
  readonly checksumRuns: ChecksumRuns
  /** Replaces each of `count` (a multiple of 4) f32 by NaN where its mask (u32) has one of `bits`. */
  readonly nanWhere: (values: number, masks: number, count: number, bits: number) => void
  /** Writes the same 32 bits `count` times. */
  readonly fill32: (dst: number, count: number, bits: number) => void
  /**
   * Turns `count` words of T0 and T1 (f32) into the planes `medium-threshold` and `low-threshold`, in place;
   * `gap` 1 for step 2, else 0.
   */
  readonly agipdThresholds: (t0: number, t1: number, count: number, gap: 0 | 1) => void
  readonly darkStatistics: DarkStatistics
  readonly darkSums: DarkSums
  /** The planes that `sums` over `frames` (1 … 65535) frames make, as {@link DarkStatistics} does. */
  readonly darkMoments: (
    sums: number,
    frames: number,
    pixels: number,
    mean: number,
    deviation: number,
  ) => void
  readonly interleave: Interleave
  /**
   * Median, population standard deviation and number of the finite values of `count` (a multiple of 4) f32: three f64 at
   * `out`. `scratch` holds 4·count + 8208 bytes, aligned to 16.
   */
  readonly spread: (values: number, count: number, out: number, scratch: number) => void
  /**
   * ORs `bit` into `bad` where one of `count` (a multiple of 4) f32 lies more than `width` from `median` or outside of
   * `low` … `high`, and `notFinite` where it is not finite.
   */
  readonly markOutside: (
    values: number,
    count: number,
    median: number,
    width: number,
    low: number,
    high: number,
    bit: number,
    notFinite: number,
    bad: number,
  ) => void
  /**
   * ORs `bit` into `badA` and `badB` where two means are less than `separation` of their common standard deviation
   * apart, or the same where that is 0. `count` is a multiple of 2.
   */
  readonly markClose: (
    meanA: number,
    deviationA: number,
    meanB: number,
    deviationB: number,
    count: number,
    separation: number,
    bit: number,
    badA: number,
    badB: number,
  ) => void
  /** Writes how many of `count` (a multiple of 4) masks have bit 0 … 31, and how many have any: 33 u32 at `out`. */
  /** Of departures in a list: adds to `out` how many have gain 0 … 3, then how many more are masked than in `masks` (i32). */
  readonly countListed: (list: number, departures: number, masks: number, out: number) => void
  /** How many of `count` (a multiple of 4) masks are not 0. */
  readonly countMasked: (masks: number, count: number) => number
  /** Adds the pixels (a multiple of 16) of a gain plane in gain 1 and gain 2 to `out[1]` and `out[2]` (u32). */
  readonly countStages: (gain: number, pixels: number, out: number) => void
  readonly countBits: (masks: number, count: number, out: number) => void
  /** Adds the finite values of a plane of f32 to their block of 4 × 4 pixels, and their number: f64 and u32 a block. */
  readonly addBlocks: (
    values: number,
    slowScan: number,
    fastScan: number,
    sums: number,
    counts: number,
  ) => void
  /** Adds the number of words of a plane that are not 0 to their block of 4 × 4 pixels: u32 a block. */
  readonly countBlocks: (words: number, slowScan: number, fastScan: number, counts: number) => void
  /** Counts the finite of `count` f32 in 65536 steps (u32) of 1 / `scale` from 0; values outside are counted at the ends. */
  readonly countSteps: (values: number, count: number, scale: number, counts: number) => void
}

/** Kernels of steps that need whole images or files. Pixels `from` … `to` − 1 are whole rows of ASICs, `columns` in each. */
interface WholeKernels {
  /** One iteration's part (b) of images that stand for themselves: see kernels/common-mode.ts. */
  readonly commonModeImages: (
    table: number,
    frames: number,
    from: number,
    to: number,
    columns: number,
    low: number,
    high: number,
    least: number,
  ) => void
  /** One iteration but for finding part (a), which is at `cells`; adds up what is left for the next. */
  readonly commonModeSweep: (
    table: number,
    frames: number,
    from: number,
    to: number,
    columns: number,
    cells: number,
    means: number,
    low: number,
    high: number,
    least: number,
    sums: number,
    counts: number,
  ) => void
  /** Adds to f64 `sums` and u32 `counts`, both from pixel `from` on. */
  readonly commonModeSums: (
    table: number,
    frames: number,
    from: number,
    to: number,
    sums: number,
    counts: number,
    low: number,
    high: number,
  ) => void
  readonly commonModeMeans: (
    sums: number,
    counts: number,
    pixels: number,
    least: number,
    means: number,
  ) => void
  readonly commonModeSubtract: (
    table: number,
    frames: number,
    from: number,
    to: number,
    columns: number,
    cells: number,
    planeBytes: number,
    asics: number,
    pixelMeans: number,
    imageMeans: number,
  ) => void
  /** Clears bytes of `still` where samples (u16) of some frames, `stride` bytes apart, are not those of `first`. */
  readonly clearVaried: (
    raw: number,
    frames: number,
    stride: number,
    first: number,
    pixels: number,
    still: number,
  ) => void
  /** Counts values up to `most` where `stages` is 0 (all, if that is no pointer) in bins of `width` from `low` on. */
  readonly countBins: (
    data: number,
    stages: number,
    pixels: number,
    low: number,
    width: number,
    bins: number,
    most: number,
    counts: number,
  ) => void
  /** Sets NOISY_ADC in blocks of 64 × 64 masks of which more than `most` carry NOISE_OUT_OF_THRESHOLD. */
  readonly markNoisy: (masks: number, slowScan: number, fastScan: number, most: number) => void
  /** HDF5's shuffle of `pixels` whole numbers (f32), as integers of 2 bytes, or of 4 as they are, into `dst`. */
  readonly shuffled: (data: number, pixels: number, bytes: number, dst: number) => void
  readonly subtractValue: (data: number, pixels: number, value: number) => void
}

/** Version of frame table and parameters that this wrapper writes. */
const LAYOUT_VERSION = 4

/** Bytes of the parameters of a kernel. */
export const PARAMS_BYTES = 32

let compiled: WebAssembly.Module | undefined

/** The kernels, compiled once a thread. Posting the module to a worker saves compiling it there. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('#kernels/detcal')))
  return compiled
}

/** Binds the kernels to a lane's memory. @throws Error if the module was built for another layout: build again. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const version = (exports['layoutVersion'] as () => number)()
  if (version !== LAYOUT_VERSION)
    throw new Error(`the kernels have layout ${version}, not ${LAYOUT_VERSION}: run npm run build`)
  return exports as unknown as Kernels
}

/** The correction kernel that a chain names. @throws Error if the module has none of this name: build again. */
export function correctionKernel(kernels: Kernels, name: string): CorrectionKernel {
  const found = (kernels as unknown as Readonly<Record<string, unknown>>)[name]
  if (typeof found !== 'function') throw new Error(`there is no kernel ${name}: run npm run build`)
  return found as CorrectionKernel
}

/** A kernel of part of a correction. @throws Error if the module has none of this name: build again. */
export function stripKernel(kernels: Kernels, name: string): StripKernel {
  return correctionKernel(kernels, name) as unknown as StripKernel
}

/** The form of a correction kernel that lists departures, where there is one (docs/architecture.md, kernel contract). */
export function listedKernel(kernels: Kernels, name: string): CorrectionKernel | undefined {
  const listed = `${name}Listed`
  return listed in kernels ? correctionKernel(kernels, listed) : undefined
}

/**
 * Writes a kernel's parameters to byte `offset` of its memory: `pixels` and the u32 words behind it
 * (docs/architecture.md, kernel contract).
 */
export function writeParams(
  buffer: ArrayBufferLike,
  offset: number,
  pixels: number,
  words: readonly number[],
): void {
  new Uint32Array(buffer, offset, PARAMS_BYTES / 4).set([pixels, ...words])
}
