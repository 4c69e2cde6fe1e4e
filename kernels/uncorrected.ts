// Raw numbers as they are: what the other kernels are compared with, and what a stream shows without any step.
import { load16f, store32 } from './lanes'
import { clearDepartures, DATA, ENTRY_BYTES, GAIN, MASK } from './table'

/** No planes: the first raw plane as f32, gain and mask 0. */
export function uncorrected(table: usize, frames: usize, constants: usize, params: usize): void {
  const pixels = <usize>load<u32>(params)
  clearDepartures(table, frames)
  for (let f: usize = 0; f < frames; ++f) {
    const entry = table + f * ENTRY_BYTES
    const raw = <usize>load<u32>(entry)
    const data = <usize>load<u32>(entry, DATA)
    memory.fill(<usize>load<u32>(entry, GAIN), 0, pixels)
    memory.fill(<usize>load<u32>(entry, MASK), 0, pixels << 2)
    let p: usize = 0
    for (; p + 4 <= pixels; p += 4) store32(data + (p << 2), load16f(raw + (p << 1), 4), 4)
    if (p < pixels) store32(data + (p << 2), load16f(raw + (p << 1), <u32>(pixels - p)), <u32>(pixels - p))
  }
}
