/**
 * What every correction kernel of a device begins with. An invocation corrects four neighbouring pixels of one frame.
 *
 * WGSL lets a compiler fuse and reorder arithmetic, and take it for granted that there is neither NaN nor infinity. So floats are
 * words here; each of the few operations on them ends in {@link rounded}, which nothing can be moved across; and
 * all comparisons are of integers.
 */
export const COMMON = /* wgsl */ `
struct Call {
  /** Groups of four pixels of a frame. */
  quads: u32,
  stage: u32,
  flags: u32,
  /** 0, which the compiler does not know. */
  zero: u32,
  /** Limits of force-mg-if-below and force-hg-if-below, as key() has them. */
  forceMedium: i32,
  forceHigh: i32,
  /** The first frame of this dispatch. */
  first: u32,
}

@group(0) @binding(0) var<uniform> call: Call;
/** Of each frame: its raw frames (in raw; medium and low in parallel gain only), and its cell (in constants). */
@group(0) @binding(1) var<storage, read> frames: array<vec4<u32>>;
/** Four u16 each. */
@group(0) @binding(2) var<storage, read> raw: array<vec2<u32>>;
/** Planes of cells: f32, masks, thresholds as prepared by the kernel of prepare.ts. */
@group(0) @binding(3) var<storage, read> constants: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> data: array<vec4<u32>>;
/** Four u8 each. */
@group(0) @binding(5) var<storage, read_write> gain: array<u32>;
@group(0) @binding(6) var<storage, read_write> mask: array<vec4<u32>>;

const SET_MIN = 1u;
const RANGE = 2u;
const ZERO_NANS = 4u;
const ZERO_ORANGE = 8u;

const VALUE_IS_NAN = 1u << 11u;
const VALUE_OUT_OF_RANGE = 1u << 12u;
const NAN = 0x7fc00000u;
const INFINITY = 0x7f800000u;
const SIGN = 0x80000000u;
/** 2^−126 */
const LEAST_NORMAL = 0x00800000u;
/** 1e7 */
const LARGEST = 0x4b189680u;

/** Four raw numbers. */
fn samples(at: u32) -> vec4<u32> {
  let words = raw[at];
  return vec4(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

fn rounded(v: vec4<f32>) -> vec4<u32> {
  return bitcast<vec4<u32>>(v) ^ vec4(call.zero);
}

/** s − o, exact for every o: a denormal, which devices take for 0, makes a difference to 0 alone. */
fn minus(s: vec4<u32>, o: vec4<u32>) -> vec4<u32> {
  let a = magnitude(o);
  let denormal = (a > vec4(0u)) & (a < vec4(LEAST_NORMAL));
  let difference = rounded(vec4<f32>(s) - bitcast<vec4<f32>>(o));
  return select(difference, o ^ vec4(SIGN), denormal & (s == vec4(0u)));
}

fn times(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  return rounded(bitcast<vec4<f32>>(a) * bitcast<vec4<f32>>(b));
}

fn plus(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  return rounded(bitcast<vec4<f32>>(a) + bitcast<vec4<f32>>(b));
}

fn magnitude(d: vec4<u32>) -> vec4<u32> {
  return d & vec4(0x7fffffffu);
}

/** An integer that is smaller where a float is; of −0 as of 0. */
fn key(d: vec4<u32>) -> vec4<i32> {
  let a = vec4<i32>(magnitude(d));
  return select(a, -a, (d >> vec4(31u)) != vec4(0u));
}

/** d < limit, false of NaN. */
fn below(d: vec4<u32>, limit: i32) -> vec4<bool> {
  return (key(d) < vec4(limit)) & (magnitude(d) <= vec4(INFINITY));
}

/** By gain stage. */
fn ofStage(g: vec4<u32>, high: vec4<u32>, medium: vec4<u32>, low: vec4<u32>) -> vec4<u32> {
  return select(select(high, medium, g == vec4(1u)), low, g == vec4(2u));
}

/** The step range, and the results stored: group \`at\` of all frames. */
fn finish(at: u32, value: vec4<u32>, g: vec4<u32>, bits: vec4<u32>) {
  var d = value;
  var m = bits;
  if ((call.flags & RANGE) != 0u) {
    let a = magnitude(d);
    let notFinite = a >= vec4(INFINITY);
    let out = (a > vec4(LARGEST)) & (a <= vec4(INFINITY));
    m |= select(vec4(0u), vec4(VALUE_IS_NAN), notFinite) | select(vec4(0u), vec4(VALUE_OUT_OF_RANGE), out);
    let zeroNans = vec4((call.flags & ZERO_NANS) != 0u);
    let zeroOrange = vec4((call.flags & ZERO_ORANGE) != 0u);
    d = select(d, vec4(0u), (notFinite & zeroNans) | (out & zeroOrange));
  }
  data[at] = select(d, vec4(NAN), magnitude(d) > vec4(INFINITY));
  mask[at] = m;
  gain[at] = g.x | (g.y << 8u) | (g.z << 16u) | (g.w << 24u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= call.quads) { return; }
  let frame = call.first + id.y;
  correct(frames[frame], id.x, frame * call.quads + id.x);
}
`

/** Invocations of a workgroup, along the pixels of a frame. */
export const WORKGROUP = 64

/**
 * What a plane of constants is to a device: an f32 that products are made with, or of what is left of a number less it; a `word`
 * of any bits, passed on or only subtracted; a number that raw ones must exceed (`above`) or reach (`from`), which becomes the
 * least integer that does.
 */
export type DevicePlane = 'value' | 'word' | 'above' | 'from'

/** A correction kernel for a device: what the WebAssembly kernel of the same name does, for any frames. */
export interface DeviceKernel {
  readonly wgsl: string
  /** Planes of a cell's constants, as the kernel contract has them (docs/architecture.md). */
  readonly planes: readonly DevicePlane[]
}
