import { timeHere } from '../rounds.js'
import type { KernelContender } from './detcal.js'
import { allocateResults, PARAMS, PIXELS, PLANES, type Results, type Workload } from './workload.js'

/** What a good programmer writes in JavaScript without WebAssembly: one pass over typed arrays, nothing allocated. */
export function plainKernel(workload: Workload): KernelContender {
  const results = allocateResults(workload)
  const floats = new Float32Array(workload.constants.buffer)
  const pass = (): void => {
    for (let frame = 0; frame < workload.frames; frame++)
      correct(workload.raw, workload.constants, floats, results, frame, Math.floor(frame / workload.trains))
  }
  return { implementation: 'plain JavaScript', run: passes => timeHere(passes, pass), results: () => results }
}

function correct(
  raw: Uint16Array,
  words: Uint32Array,
  floats: Float32Array,
  { data, gain, mask }: Results,
  frame: number,
  cell: number,
): void {
  const first = cell * PLANES * PIXELS
  const { forceMgLimit, forceHgLimit } = PARAMS
  let out = frame * PIXELS
  let signal = frame * 2 * PIXELS
  for (let c = first; c < first + PIXELS; c++, out++, signal++) {
    const s = raw[signal]!
    const r = raw[signal + PIXELS]!
    const high = Math.fround(s - floats[c]!)
    let g = 0
    let d = high
    let m = words[c + PIXELS]!
    if (r > floats[c + 2 * PIXELS]! || r > floats[c + 3 * PIXELS]!) {
      const medium = Math.fround(s - floats[c + 4 * PIXELS]!)
      g = r > floats[c + 3 * PIXELS]! ? 2 : 1
      if (g === 2 && medium < forceMgLimit) g = 1
      if (high < forceHgLimit) g = 0
      if (g === 1) {
        d = medium
        if (medium < 0) d = 0
        m = words[c + 5 * PIXELS]!
      } else if (g === 2) {
        d = Math.fround(s - floats[c + 6 * PIXELS]!)
        m = words[c + 7 * PIXELS]!
      }
    }
    // False for NaN too.
    if (!(Math.abs(d) <= 1e7)) m |= Number.isFinite(d) ? 1 << 12 : Number.isNaN(d) ? 1 << 11 : 3 << 11
    data[out] = d
    gain[out] = g
    mask[out] = m
  }
}
