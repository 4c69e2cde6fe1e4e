import type { RangeParams } from '../../corrections/reference.js'
import { finishPixel, type ReferenceFrame } from '../../corrections/reference.js'

/**
 * The corrections of DSSC-1M, one pixel at a time: the definition that the kernel equals bit for bit.
 * `constants` are the planes O M of one memory cell, `pixels` words each.
 * @returns pixels whose mask differs from plane M.
 */
export function correctDsscFrame(
  params: RangeParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint16Array>,
): number {
  const pixels = frame.data.length
  const floats = new Float32Array(constants.buffer, constants.byteOffset, constants.length)
  let departures = 0
  for (let p = 0; p < pixels; p++) {
    const raw = frame.raw[p]!
    const v = raw === 0 ? 256 : raw
    const d = Math.fround(v - floats[p]!)
    const m0 = constants[pixels + p]!
    finishPixel(params, frame, p, d, 0, m0)
    if (frame.mask[p] !== m0) departures++
  }
  return departures
}
