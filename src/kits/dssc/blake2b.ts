/**
 * BLAKE2b (RFC 7693) of any digest size up to 64 bytes, without key: node:crypto has the 64-byte one alone, and a
 * shorter digest is another hash, not a part of it. For the few kilobytes of a train's ids: nothing here is fast.
 */
export function blake2b(message: Uint8Array, digestBytes: number): Uint8Array {
  const h = BigUint64Array.from(IV)
  h[0] = (h[0] ?? 0n) ^ 0x01010000n ^ BigInt(digestBytes)
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK))
  for (let i = 0; i < blocks; i++) {
    const block = new Uint8Array(BLOCK)
    block.set(message.subarray(i * BLOCK, (i + 1) * BLOCK))
    const last = i === blocks - 1
    compress(h, new DataView(block.buffer), BigInt(last ? message.length : (i + 1) * BLOCK), last)
  }
  const out = new DataView(new ArrayBuffer(64))
  h.forEach((word, i) => {
    out.setBigUint64(8 * i, word, true)
  })
  return new Uint8Array(out.buffer, 0, digestBytes)
}

const BLOCK = 128
const ROUNDS = 12

const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]

/** Order of the message's words in each round, one hexadecimal digit a word. */
const SIGMA = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
]

/** Columns and diagonals of the 4 × 4 state. */
const MIXED = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const

/** Mixes one block into the state `h`; `bytes` of the message are in it and before it. */
function compress(h: BigUint64Array, block: DataView, bytes: bigint, last: boolean): void {
  const v = BigUint64Array.from([...h, ...IV])
  const at = (i: number): bigint => v[i] ?? 0n
  v[12] = at(12) ^ bytes
  if (last) v[14] = ~at(14)
  for (let round = 0; round < ROUNDS; round++) {
    const order = SIGMA[round % SIGMA.length] ?? ''
    const word = (i: number): bigint => block.getBigUint64(8 * Number.parseInt(order[i] ?? '0', 16), true)
    MIXED.forEach(([a, b, c, d], i) => {
      // Storing into the array is arithmetic modulo 2^64.
      v[a] = at(a) + at(b) + word(2 * i)
      v[d] = rotated(at(d) ^ at(a), 32n)
      v[c] = at(c) + at(d)
      v[b] = rotated(at(b) ^ at(c), 24n)
      v[a] = at(a) + at(b) + word(2 * i + 1)
      v[d] = rotated(at(d) ^ at(a), 16n)
      v[c] = at(c) + at(d)
      v[b] = rotated(at(b) ^ at(c), 63n)
    })
  }
  h.forEach((word, i) => {
    h[i] = word ^ at(i) ^ at(i + 8)
  })
}

function rotated(word: bigint, right: bigint): bigint {
  return (word >> right) | (word << (64n - right))
}
