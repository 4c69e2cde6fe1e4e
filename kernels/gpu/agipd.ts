// AGIPD for a device. src/kits/agipd/reference.ts says the same one pixel at a time.
import type { DeviceKernel, DevicePlane } from './common.js'

/** O0 M0 T0 T1 O1 M1 O2 M2 */
const planesWith = (offset: DevicePlane): DevicePlane[] => [
  ...([offset, 'word', 'above', 'above'] as const),
  ...([offset, 'word', offset, 'word'] as const),
]

/** Stage and value after the offset. The force steps are off where their limit is −Infinity: nothing is below that. */
const ADAPTIVE = /* wgsl */ `
fn constant(plane: u32, cell: u32, q: u32) -> vec4<u32> {
  return constants[cell + plane * call.quads + q];
}

struct Offset { d: vec4<u32>, g: vec4<u32> }

fn offset(frame: vec4<u32>, q: u32) -> Offset {
  let s = samples(frame.x + q);
  let r = samples(frame.x + call.quads + q);
  let high = minus(s, constant(0u, frame.w, q));
  let medium = minus(s, constant(4u, frame.w, q));
  let low = minus(s, constant(6u, frame.w, q));
  var g = select(vec4(0u), vec4(1u), r >= constant(2u, frame.w, q));
  g = select(g, vec4(2u), r >= constant(3u, frame.w, q));
  g = select(g, vec4(1u), (g == vec4(2u)) & below(medium, call.forceMedium));
  g = select(g, vec4(0u), (g > vec4(0u)) & below(high, call.forceHigh));
  return Offset(ofStage(g, high, medium, low), g);
}

fn setMin(d: vec4<u32>, g: vec4<u32>) -> vec4<u32> {
  let zeroed = (g == vec4(1u)) & below(d, 0) & vec4((call.flags & SET_MIN) != 0u);
  return select(d, vec4(0u), zeroed);
}

fn maskOf(frame: vec4<u32>, q: u32, g: vec4<u32>) -> vec4<u32> {
  return ofStage(g, constant(1u, frame.w, q), constant(5u, frame.w, q), constant(7u, frame.w, q));
}
`

/** Planes O0 M0 T0 T1 O1 M1 O2 M2. */
export const agipdAdaptive: DeviceKernel = {
  planes: planesWith('word'),
  wgsl: /* wgsl */ `${ADAPTIVE}
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let o = offset(frame, q);
  finish(at, setMin(o.d, o.g), o.g, maskOf(frame, q, o.g));
}
`,
}

/** The same, then G0 X G1 G2 B1. */
export const agipdAdaptiveGain: DeviceKernel = {
  planes: [...planesWith('value'), 'value', 'value', 'value', 'value', 'value'],
  wgsl: /* wgsl */ `${ADAPTIVE}
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let o = offset(frame, q);
  let factor = ofStage(o.g, constant(8u, frame.w, q), constant(10u, frame.w, q), constant(11u, frame.w, q));
  var d = times(o.d, factor);
  d = select(d, plus(d, constant(12u, frame.w, q)), o.g == vec4(1u));
  d = times(setMin(d, o.g), constant(9u, frame.w, q));
  finish(at, d, o.g, maskOf(frame, q, o.g));
}
`,
}

/** Planes O M. */
export const agipdFixed: DeviceKernel = {
  planes: ['word', 'word'],
  wgsl: /* wgsl */ `
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let d = minus(samples(frame.x + q), constants[frame.w + q]);
  finish(at, d, vec4(call.stage), constants[frame.w + call.quads + q]);
}
`,
}

/** Planes O M G X B. */
export const agipdFixedGain: DeviceKernel = {
  planes: ['value', 'word', 'value', 'value', 'value'],
  wgsl: /* wgsl */ `
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let c = frame.w + q;
  var d = minus(samples(frame.x + q), constants[c]);
  d = plus(times(d, constants[c + 2u * call.quads]), constants[c + 4u * call.quads]);
  d = times(d, constants[c + 3u * call.quads]);
  finish(at, d, vec4(call.stage), constants[c + call.quads]);
}
`,
}
