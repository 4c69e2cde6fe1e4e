// Overviews of a plane: sums over blocks of pixels, and histograms.
import { finiteOf, isFinite32 } from './finite'
import { upper } from './lanes'

// log2 of rows and columns of a block: BIN of constants/dark/preview.ts.
const BIN: usize = 2
const SIDE: usize = 1 << BIN

/**
 * Adds the finite values of a plane of f32 to the block of 4 × 4 pixels they lie in, and their number: `sums` (f64) and
 * `counts` (u32), `[⌈slow scan / 4⌉][⌈fast scan / 4⌉]`. Row by row, from left to right, in f64.
 */
export function addBlocks(values: usize, slowScan: usize, fastScan: usize, sums: usize, counts: usize): void {
  const columns = fastScan + SIDE - 1 >> BIN
  for (let ss: usize = 0; ss < slowScan; ++ss) {
    let block = (ss >> BIN) * columns
    const end = values + (fastScan << 2)
    for (; values + 64 <= end; values += 64) {
      addFourBlocks(values, sums + (block << 3), counts + (block << 2))
      block += 4
    }
    while (values < end) {
      let sum = load<f64>(sums + (block << 3))
      let count = load<u32>(counts + (block << 2))
      for (const next = min<usize>(end, values + (SIDE << 2)); values < next; values += 4) {
        const v = load<f32>(values)
        const finite = isFinite32(v)
        sum += finite ? <f64>v : 0
        count += u32(finite)
      }
      store<f64>(sums + (block << 3), sum)
      store<u32>(counts + (block << 2), count)
      block += 1
    }
  }
}

/** A row of four blocks, one in each lane, so that each keeps its order of summation. */
@inline
function addFourBlocks(values: usize, sums: usize, counts: usize): void {
  const a = v128.load(values)
  const b = v128.load(values, 16)
  const c = v128.load(values, 32)
  const d = v128.load(values, 48)
  const ab01 = i32x4.shuffle(a, b, 0, 4, 1, 5)
  const ab23 = i32x4.shuffle(a, b, 2, 6, 3, 7)
  const cd01 = i32x4.shuffle(c, d, 0, 4, 1, 5)
  const cd23 = i32x4.shuffle(c, d, 2, 6, 3, 7)
  const first = i64x2.shuffle(ab01, cd01, 0, 2)
  const second = i64x2.shuffle(ab01, cd01, 1, 3)
  const third = i64x2.shuffle(ab23, cd23, 0, 2)
  const fourth = i64x2.shuffle(ab23, cd23, 1, 3)
  const finite1 = finiteOf(first)
  const finite2 = finiteOf(second)
  const finite3 = finiteOf(third)
  const finite4 = finiteOf(fourth)
  const kept1 = v128.and(first, finite1)
  const kept2 = v128.and(second, finite2)
  const kept3 = v128.and(third, finite3)
  const kept4 = v128.and(fourth, finite4)
  v128.store(sums, added(v128.load(sums), kept1, kept2, kept3, kept4))
  v128.store(sums, added(v128.load(sums, 16), upper(kept1), upper(kept2), upper(kept3), upper(kept4)), 16)
  const finite = i32x4.add(i32x4.add(finite1, finite2), i32x4.add(finite3, finite4))
  v128.store(counts, i32x4.sub(v128.load(counts), finite))
}

/** Adds two values to each of two sums, one after the other. */
@inline
function added(sums: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  sums = f64x2.add(sums, f64x2.promote_low_f32x4(a))
  sums = f64x2.add(sums, f64x2.promote_low_f32x4(b))
  sums = f64x2.add(sums, f64x2.promote_low_f32x4(c))
  return f64x2.add(sums, f64x2.promote_low_f32x4(d))
}

/** Adds the number of words of a plane that are not 0 to the block they lie in (u32, laid out like those of `addBlocks`). */
export function countBlocks(words: usize, slowScan: usize, fastScan: usize, counts: usize): void {
  const columns = fastScan + SIDE - 1 >> BIN
  for (let ss: usize = 0; ss < slowScan; ++ss) {
    let block = (ss >> BIN) * columns
    const end = words + (fastScan << 2)
    while (words < end) {
      let count = load<u32>(counts + (block << 2))
      for (const next = min<usize>(end, words + (SIDE << 2)); words < next; words += 4)
        count += u32(load<u32>(words) != 0)
      store<u32>(counts + (block << 2), count)
      block += 1
    }
  }
}

/**
 * Counts `count` f32 in 65536 steps (u32 each) of 1 / `scale`, a power of two, from 0 on. Values outside are counted at
 * the ends, values that are not finite are not counted.
 */
export function countSteps(values: usize, count: usize, scale: f32, counts: usize): void {
  for (const end = values + (count << 2); values < end; values += 4) {
    const v = load<f32>(values)
    if (!isFinite32(v)) continue
    const step = <u32>min<f32>(max<f32>(v * scale, 0), 65535)
    const at = counts + (<usize>step << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
}
