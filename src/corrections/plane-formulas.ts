/**
 * Writes `n` pixels of a plane from word `at` on: floats into `f32`, masks into `u32`, two views of the same bytes.
 * @param rows the exact numbers of these pixels, an array for each plane that is read.
 */
export type WriteRow = (
  rows: readonly Float64Array[],
  n: number,
  f32: Float32Array,
  u32: Uint32Array,
  at: number,
) => void

const NONE = new Float64Array(0)

// Every formula has its own loop: one that calls a formula for each pixel takes several times as long. Storing into a
// Float32Array is the one rounding to f32.

/** The number as it is. */
export const copyFloats: WriteRow = ([row = NONE], n, f32, _u32, at) => {
  for (let i = 0; i < n; i++) f32[at + i] = row[i] ?? 0
}

/** Plane `medium-threshold`, of T0 and T1. */
export function mediumThreshold(gap: boolean): WriteRow {
  return ([t0 = NONE, t1 = NONE], n, f32, _u32, at) => {
    for (let i = 0; i < n; i++) {
      const high = Math.fround(t0[i] ?? 0)
      const low = lowOf(high, Math.fround(t1[i] ?? 0), gap)
      const bound = Number.isNaN(low) ? Number.POSITIVE_INFINITY : low
      f32[at + i] = high > bound || Number.isNaN(high) ? bound : high
    }
  }
}

/** Plane `low-threshold`, of T0 and T1. */
export function lowThreshold(gap: boolean): WriteRow {
  return ([t0 = NONE, t1 = NONE], n, f32, _u32, at) => {
    for (let i = 0; i < n; i++) f32[at + i] = lowOf(Math.fround(t0[i] ?? 0), Math.fround(t1[i] ?? 0), gap)
  }
}

/** T1, or with `gap` a threshold that no raw gain exceeds where it is too near to T0: f32 arithmetic. */
function lowOf(t0: number, t1: number, gap: boolean): number {
  return gap && t1 <= Math.fround(Math.fround(1.05) * t0) ? 65535 : t1
}

/** Plane `pc-gain`, of m0 and m3: their ratio times `factor`. */
export function pcGain(factor: number): WriteRow {
  return ([m0 = NONE, m3 = NONE], n, f32, _u32, at) => {
    for (let i = 0; i < n; i++) f32[at + i] = (factor * (m0[i] ?? 0)) / (m3[i] ?? 0)
  }
}

/** Plane `pc-baseline`, of b1, b4, m0 and m3. */
export const pcBaseline: WriteRow = ([b1 = NONE, b4 = NONE, m0 = NONE, m3 = NONE], n, f32, _u32, at) => {
  for (let i = 0; i < n; i++) f32[at + i] = (b1[i] ?? 0) - ((b4[i] ?? 0) * (m0[i] ?? 0)) / (m3[i] ?? 0)
}

/** Plane `pc-gain-f32`: the same in f32, every operation rounded. */
export function pcGainF32(factor: number): WriteRow {
  const f32 = Math.fround
  return ([m0 = NONE, m3 = NONE], n, out, _u32, at) => {
    for (let i = 0; i < n; i++) out[at + i] = f32(f32(m0[i] ?? 0) / f32(m3[i] ?? 0)) * f32(factor)
  }
}

/** Plane `pc-baseline-f32`: the same in f32, every operation rounded. */
export const pcBaselineF32: WriteRow = ([b1 = NONE, b4 = NONE, m0 = NONE, m3 = NONE], n, out, _u32, at) => {
  const f32 = Math.fround
  for (let i = 0; i < n; i++)
    out[at + i] = f32(b1[i] ?? 0) - f32(f32(f32(b4[i] ?? 0) * f32(m0[i] ?? 0)) / f32(m3[i] ?? 0))
}

/** Plane `xray-slope`, of the slope: the inverse of `xray-gain`. */
export function xraySlope(median: number): WriteRow {
  return ([slope = NONE], n, f32, _u32, at) => {
    for (let i = 0; i < n; i++) f32[at + i] = (slope[i] ?? 0) / median
  }
}

/** Plane `xray-gain`, of the slope; `median` is that of the module's slopes. */
export function xrayGain(median: number): WriteRow {
  return ([slope = NONE], n, f32, _u32, at) => {
    for (let i = 0; i < n; i++) f32[at + i] = median / (slope[i] ?? 0)
  }
}

/** Plane `product`, of a further factor: the product so far is in the plane. */
export const multiplyFloats: WriteRow = ([row = NONE], n, f32, _u32, at) => {
  for (let i = 0; i < n; i++) f32[at + i] = (f32[at + i] ?? 0) * Math.fround(row[i] ?? 0)
}

/** Plane `saturation`, of the noise; `sigmas` is an f32. */
export function saturation(sigmas: number): WriteRow {
  return ([noise = NONE], n, f32, _u32, at) => {
    for (let i = 0; i < n; i++) f32[at + i] = FULL_SCALE - Math.fround(sigmas * Math.fround(noise[i] ?? 0))
  }
}

/** Largest number of a 12-bit converter. */
const FULL_SCALE = 4095

/** Masks, the first of a plane. */
export const assignBits: WriteRow = ([row = NONE], n, _f32, u32, at) => {
  for (let i = 0; i < n; i++) u32[at + i] = row[i] ?? 0
}

/** Masks whose bits are added to those that are there. */
export const orBits: WriteRow = ([row = NONE], n, _f32, u32, at) => {
  for (let i = 0; i < n; i++) u32[at + i] = (u32[at + i] ?? 0) | (row[i] ?? 0)
}
