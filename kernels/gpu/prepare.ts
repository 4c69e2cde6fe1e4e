import type { DevicePlane } from './common.js'

/** Codes of {@link DevicePlane} in the words that {@link PREPARE} is given. */
export const PLANE_CODES: Readonly<Record<DevicePlane, number>> = { value: 0, word: 1, above: 2, from: 3 }

/**
 * Constants of products may be 0, not finite, or at least this large: 2^−24. Then no difference, product or sum of a chain is
 * so small that it is denormal, which devices take for 0:
 * ∣s − O∣ ≥ 2^−24, since s is an integer; times two factors and with a baseline added between them ≥ 2^−95.
 */
export const LEAST_CONSTANT = 2 ** -24

/**
 * Prepares cells that lie in `constants` as the kernel contract has them: thresholds become integers, and bit n of `refused` is
 * set where plane n holds a value too small. The thresholds: r > T is r ≥ t for integers r of 16 bits, with
 * t = NaN ? 65536 : T < 0 ? 0 : T ≥ 65535 ? 65536 : ⌊T⌋ + 1; v ≥ S likewise with ⌈S⌉.
 */
export const PREPARE = /* wgsl */ `
struct Shape {
  /** Pixels of a plane. */
  pixels: u32,
  planes: u32,
  /** What plane n is, in bits 2n and 2n + 1. */
  codes: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
/** Word at which each cell begins. */
@group(0) @binding(1) var<storage, read> cells: array<u32>;
@group(0) @binding(2) var<storage, read_write> constants: array<u32>;
@group(0) @binding(3) var<storage, read_write> refused: atomic<u32>;

const INFINITY = 0x7f800000u;
/** 2^−24 */
const LEAST = 0x33800000u;
/** 65535 */
const LARGEST = 0x477fff00u;
const NEVER = 65536u;

fn above(word: u32) -> u32 {
  let a = word & 0x7fffffffu;
  if (a > INFINITY) { return NEVER; }
  if (word >> 31u != 0u) { return select(0u, 1u, a == 0u); }
  if (word >= LARGEST) { return NEVER; }
  return u32(bitcast<f32>(word)) + 1u;
}

fn reach(word: u32) -> u32 {
  let a = word & 0x7fffffffu;
  if (a > INFINITY) { return NEVER; }
  if (word >> 31u != 0u || a == 0u) { return 0u; }
  if (word > LARGEST) { return NEVER; }
  let whole = u32(bitcast<f32>(word));
  return whole + select(0u, 1u, bitcast<u32>(f32(whole)) != word);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.pixels) { return; }
  for (var plane = 0u; plane < shape.planes; plane++) {
    let at = cells[id.y] + plane * shape.pixels + id.x;
    let word = constants[at];
    let a = word & 0x7fffffffu;
    switch ((shape.codes >> (2u * plane)) & 3u) {
      case 0u: { if (a > 0u && a < LEAST) { atomicOr(&refused, 1u << plane); } }
      case 2u: { constants[at] = above(word); }
      case 3u: { constants[at] = reach(word); }
      default: {}
    }
  }
}
`
