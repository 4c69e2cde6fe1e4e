// Step 7, common mode, of ASICs of 64 × 64 pixels side by side in rows of `columns` ASICs; src/kits/agipd/common-mode-reference.ts
// says the same one value at a time. `from` and `to` are multiples of an ASIC's rows; data are f32 planes.
import { DATA, ENTRY_BYTES, MEANS } from './table'

const SIDE: usize = 64

@inline
function inside(d: v128, low: v128, high: v128): v128 {
  return v128.and(f32x4.ge(d, low), f32x4.le(d, high))
}

/** Both f64 of a sum. */
@inline
function both(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1)
}

/**
 * One iteration's (b) for the strip of each frame by itself: from each ASIC the mean of its values from `low` to `high` is
 * subtracted, if at least `least` are. Sums are those of eight lanes, pixel by pixel in turn.
 */
export function commonModeImages(
  table: usize, frames: usize, from: usize, to: usize, columns: usize, low: f32, high: f32, least: f64,
): void {
  const width = columns * SIDE
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  for (let f: usize = 0; f < frames; ++f) {
    const data = <usize>load<u32>(table + f * ENTRY_BYTES, DATA)
    for (let first = from; first < to; first += SIDE * width)
      for (let column: usize = 0; column < columns; ++column) {
        const at = data + ((first + column * SIDE) << 2)
        const mean = meanOf(at, width << 2, 0, lows, highs, least, false)
        if (mean != 0) subtract(at, width << 2, mean)
      }
  }
}

/**
 * One iteration for the strip of each frame, once its (a) is known: `cells` (f32 by pixel) is subtracted, then from each
 * ASIC what (b) finds, as {@link commonModeImages} does; that goes to entry `means` + 4·ASIC of each frame, 0 where nothing
 * is subtracted. The values that are left are added up for the next iteration, as by {@link commonModeSums}.
 */
export function commonModeSweep(
  table: usize, frames: usize, from: usize, to: usize, columns: usize, cells: usize, means: usize, low: f32, high: f32,
  least: f64, sums: usize, counts: usize,
): void {
  const width = columns * SIDE
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  const end = table + frames * ENTRY_BYTES
  for (let first = from; first < to; first += SIDE * width)
    for (let column: usize = 0; column < columns; ++column) {
      const p = first + column * SIDE
      const place = means + (((first / width / SIDE) * columns + column) << 2)
      for (let entry = table; entry < end; entry += ENTRY_BYTES) {
        const data = <usize>load<u32>(entry, DATA) + (p << 2)
        const mean = meanOf(data, width << 2, cells + (p << 2), lows, highs, least, true)
        store<f32>(<usize>load<u32>(entry, MEANS) + place, mean)
      }
      for (let row: usize = 0; row < SIDE; ++row) {
        const begin = p + row * width
        for (let q = begin; q < begin + SIDE; q += 4)
          left(table, end, q, cells + (q << 2), place, sums + ((q - from) << 3), counts + ((q - from) << 2), lows, highs)
      }
    }
}

/** Subtracts both means from four pixels of each frame, and adds them up. */
@inline
function left(
  table: usize, end: usize, q: usize, cells: usize, place: usize, sum: usize, count: usize, low: v128, high: v128,
): void {
  const cell = v128.load(cells)
  let a = v128.load(sum)
  let b = v128.load(sum, 16)
  let n = v128.load(count)
  for (let entry = table; entry < end; entry += ENTRY_BYTES) {
    const at = <usize>load<u32>(entry, DATA) + (q << 2)
    const mean = v128.load32_splat(<usize>load<u32>(entry, MEANS) + place)
    const d = f32x4.sub(f32x4.sub(v128.load(at), cell), mean)
    v128.store(at, d)
    const within = inside(d, low, high)
    const value = v128.and(d, within)
    n = i32x4.sub(n, within)
    a = f64x2.add(a, f64x2.promote_low_f32x4(value))
    b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(value, value, 1, 1)))
  }
  v128.store(sum, a)
  v128.store(sum, b, 16)
  v128.store(count, n)
}

@inline
function meanOf(data: usize, pitch: usize, cells: usize, low: v128, high: v128, least: f64, less: bool): f32 {
  let a = f64x2.splat(0), b = f64x2.splat(0), c = f64x2.splat(0), d = f64x2.splat(0)
  let counts = i32x4.splat(0)
  for (let row: usize = 0; row < SIDE; ++row) {
    const at = data + row * pitch
    const by = cells + row * pitch
    for (let x: usize = 0; x < SIDE << 2; x += 32) {
      let u = v128.load(at + x)
      let v = v128.load(at + x, 16)
      if (less) {
        u = f32x4.sub(u, v128.load(by + x))
        v = f32x4.sub(v, v128.load(by + x, 16))
      }
      const inU = inside(u, low, high)
      const inV = inside(v, low, high)
      counts = i32x4.sub(i32x4.sub(counts, inU), inV)
      u = v128.and(u, inU)
      v = v128.and(v, inV)
      a = f64x2.add(a, f64x2.promote_low_f32x4(u))
      b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(u, u, 1, 1)))
      c = f64x2.add(c, f64x2.promote_low_f32x4(v))
      d = f64x2.add(d, f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1)))
    }
  }
  const pairs = i32x4.add(counts, i64x2.shuffle(counts, counts, 1, 1))
  const count = <f64>(i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1))
  const sum = both(a) + both(b) + (both(c) + both(d))
  return mean(sum, count, least)
}

/** 0 if there are too few values, and instead of −0: subtracting it changes no value. */
@inline
function mean(sum: f64, count: f64, least: f64): f32 {
  const value = count >= least && count > 0 ? <f32>(sum / count) : 0
  return value == 0 ? 0 : value
}

@inline
function subtract(data: usize, pitch: usize, value: f32): void {
  const values = f32x4.splat(value)
  for (let row: usize = 0; row < SIDE; ++row) {
    const at = data + row * pitch
    for (let x: usize = 0; x < SIDE << 2; x += 16) v128.store(at + x, f32x4.sub(v128.load(at + x), values))
  }
}

/**
 * Adds the values from `low` to `high` of pixels `from` … `to` − 1 (multiples of 4) of each frame in turn to `sums` (f64)
 * and `counts` (u32), which begin with pixel `from`.
 */
export function commonModeSums(
  table: usize, frames: usize, from: usize, to: usize, sums: usize, counts: usize, low: f32, high: f32,
): void {
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  const end = table + frames * ENTRY_BYTES
  for (let p = from; p < to; p += 4) {
    const sum = sums + ((p - from) << 3)
    const count = counts + ((p - from) << 2)
    let a = v128.load(sum)
    let b = v128.load(sum, 16)
    let n = v128.load(count)
    for (let entry = table; entry < end; entry += ENTRY_BYTES) {
      const d = v128.load(<usize>load<u32>(entry, DATA) + (p << 2))
      const within = inside(d, lows, highs)
      const value = v128.and(d, within)
      n = i32x4.sub(n, within)
      a = f64x2.add(a, f64x2.promote_low_f32x4(value))
      b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(value, value, 1, 1)))
    }
    v128.store(sum, a)
    v128.store(sum, b, 16)
    v128.store(count, n)
  }
}

/** One iteration's (a): the means of `pixels` sums, 0 where less than `least` values are; sums and counts become 0. */
export function commonModeMeans(sums: usize, counts: usize, pixels: usize, least: f64, means: usize): void {
  for (let p: usize = 0; p < pixels; ++p)
    store<f32>(means + (p << 2), mean(load<f64>(sums + (p << 3)), <f64>load<u32>(counts + (p << 2)), least))
  memory.fill(sums, 0, pixels << 3)
  memory.fill(counts, 0, pixels << 2)
}

/**
 * Subtracts what iterations found: in turn, the mean of the pixel (planes of `planeBytes` bytes from `cells` on) and that of
 * the ASIC (entry `means`, `asics` of them an iteration); `pixelMeans` of the first, and as many or one less of the second.
 */
export function commonModeSubtract(
  table: usize, frames: usize, from: usize, to: usize, columns: usize, cells: usize, planeBytes: usize, asics: usize,
  pixelMeans: usize, imageMeans: usize,
): void {
  for (let block = from; block < to; block += BLOCK)
    subtractBlock(table, frames, block, min<usize>(block + BLOCK, to), columns, cells, planeBytes, asics, pixelMeans, imageMeans)
}

// Pixels whose four means stay in the first-level cache for all frames.
const BLOCK: usize = 1024

function subtractBlock(
  table: usize, frames: usize, from: usize, to: usize, columns: usize, cells: usize, planeBytes: usize, asics: usize,
  pixelMeans: usize, imageMeans: usize,
): void {
  const width = columns * SIDE
  for (let f: usize = 0; f < frames; ++f) {
    const entry = table + f * ENTRY_BYTES
    const data = <usize>load<u32>(entry, DATA)
    const means = <usize>load<u32>(entry, MEANS)
    for (let p = from; p < to; p += SIDE) {
      const at = data + (p << 2)
      const by = cells + (p << 2)
      const asic = means + (((p / width / SIDE) * columns + (p % width) / SIDE) << 2)
      if (pixelMeans == 4 && imageMeans == 3) four(at, by, planeBytes, asic, asics << 2)
      else
        for (let x: usize = 0; x < SIDE << 2; x += 16) {
          let d = v128.load(at + x)
          for (let k: usize = 0; k < pixelMeans; ++k) {
            d = f32x4.sub(d, v128.load(by + x + k * planeBytes))
            if (k < imageMeans) d = f32x4.sub(d, v128.load32_splat(asic + k * (asics << 2)))
          }
          v128.store(at + x, d)
        }
    }
  }
}

/** Of 64 pixels, the usual number of iterations unrolled. */
@inline
function four(at: usize, by: usize, planeBytes: usize, asic: usize, stride: usize): void {
  const m0 = v128.load32_splat(asic)
  const m1 = v128.load32_splat(asic + stride)
  const m2 = v128.load32_splat(asic + 2 * stride)
  const by1 = by + planeBytes
  const by2 = by1 + planeBytes
  const by3 = by2 + planeBytes
  for (let x: usize = 0; x < SIDE << 2; x += 16) {
    let d = f32x4.sub(f32x4.sub(v128.load(at + x), v128.load(by + x)), m0)
    d = f32x4.sub(f32x4.sub(d, v128.load(by1 + x)), m1)
    d = f32x4.sub(f32x4.sub(d, v128.load(by2 + x)), m2)
    v128.store(at + x, f32x4.sub(d, v128.load(by3 + x)))
  }
}
