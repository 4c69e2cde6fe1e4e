// LPD for a device. src/kits/lpd/reference.ts says the same one pixel at a time.
import type { DeviceKernel } from './common.js'

const PLANES = ['value', 'value', 'word', 'value', 'value', 'word', 'value', 'value', 'word'] as const

const STAGES = /* wgsl */ `
const WRONG_GAIN_VALUE = 1u << 21u;

/** Plane n of the stages' three. */
fn staged(n: u32, cell: u32, q: u32, g: vec4<u32>) -> vec4<u32> {
  let at = cell + n * call.quads + q;
  let stage = 3u * call.quads;
  return ofStage(g, constants[at], constants[at + stage], constants[at + 2u * stage]);
}

fn corrected(v: vec4<u32>, cell: u32, q: u32, g: vec4<u32>) -> vec4<u32> {
  return times(minus(v, staged(0u, cell, q, g)), staged(1u, cell, q, g));
}
`

/** Planes O0 K0 M0 O1 K1 M1 O2 K2 M2. */
export const lpd: DeviceKernel = {
  planes: PLANES,
  wgsl: /* wgsl */ `${STAGES}
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let sample = samples(frame.x + q);
  let bits = (sample >> vec4(12u)) & vec4(3u);
  let g = min(bits, vec4(2u));
  let wrong = select(vec4(0u), vec4(WRONG_GAIN_VALUE), bits == vec4(3u));
  let d = corrected(sample & vec4(0xfffu), frame.w, q, g);
  finish(at, d, g, staged(2u, frame.w, q, g) | wrong);
}
`,
}

/** The same, then S0 S1, at which high and medium saturate. */
export const lpdParallel: DeviceKernel = {
  planes: [...PLANES, 'from', 'from'],
  wgsl: /* wgsl */ `${STAGES}
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let high = samples(frame.x + q) & vec4(0xfffu);
  let medium = samples(frame.y + q) & vec4(0xfffu);
  let low = samples(frame.z + q) & vec4(0xfffu);
  let c = frame.w + 9u * call.quads + q;
  let saturated = select(vec4(1u), vec4(2u), medium >= constants[c + call.quads]);
  let g = select(vec4(0u), saturated, high >= constants[c]);
  let d = corrected(ofStage(g, high, medium, low), frame.w, q, g);
  finish(at, d, g, staged(2u, frame.w, q, g));
}
`,
}
