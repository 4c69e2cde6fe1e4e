// The frame table: one entry a frame, u32 words, read by the correction kernels.
// Its twin on the other side is src/memory/frame-table.ts.
export function layoutVersion(): u32 {
  return 1
}
