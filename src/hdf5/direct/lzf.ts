/**
 * The bytes of an LZF stream (liblzf, h5py's `compression="lzf"`): runs of literal bytes, and references to bytes that
 * came before.
 * @param limit most bytes that it may be.
 * @throws Error if it is damaged.
 */
export function decodeLzf(stream: Uint8Array, limit: number): Uint8Array {
  const out = new Uint8Array(limit)
  let to = 0
  for (let at = 0; at < stream.length; ) {
    const control = stream[at++] ?? 0
    if (control < 32) {
      const length = control + 1
      if (at + length > stream.length || to + length > limit) throw new Error('the LZF stream is damaged')
      out.set(stream.subarray(at, at + length), to)
      at += length
      to += length
      continue
    }
    // Three bits of length, more in a byte of its own; thirteen bits of distance.
    let length = (control >> 5) + 2
    if (length === 9) length += stream[at++] ?? 0
    const from = to - ((control & 31) << 8) - (stream[at++] ?? 0) - 1
    if (at > stream.length || from < 0 || to + length > limit) throw new Error('the LZF stream is damaged')
    // Byte by byte: what is copied may be what was just written.
    for (let i = 0; i < length; i++) out[to + i] = out[from + i] ?? 0
    to += length
  }
  return out.subarray(0, to)
}
