// DSSC for a device. src/kits/dssc/reference.ts says the same one pixel at a time.
import type { DeviceKernel } from './common.js'

/** Planes O M. */
export const dssc: DeviceKernel = {
  planes: ['word', 'word'],
  wgsl: /* wgsl */ `
fn correct(frame: vec4<u32>, q: u32, at: u32) {
  let sample = samples(frame.x + q);
  let v = select(sample, vec4(256u), sample == vec4(0u));
  finish(at, minus(v, constants[frame.w + q]), vec4(0u), constants[frame.w + call.quads + q]);
}
`,
}
