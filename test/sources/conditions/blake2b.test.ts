import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { blake2b } from '../../../src/kits/dssc/blake2b.js'
import { pulseIdChecksum } from '../../../src/kits/dssc/conditions.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** `hashlib.blake2b(struct.pack('<nQ', 0, 4, 8, …), digest_size=8).hexdigest()` of Python 3.11, by n. */
const GOLDEN: Readonly<Record<number, string>> = {
  0: 'e4a6a0577479b2b4',
  1: 'ca08ea5bca49cc18',
  16: '204645cc69226d57',
  17: '41aa43ea2a779e9a',
  100: '2fd4a672eaacbe5e',
  400: 'daed40d7affc63dc',
  800: '13791abe7e80a182',
}

describe('blake2b', () => {
  test.each(Object.entries(GOLDEN))('of %s pulse ids is what Python says', (count, digest) => {
    const ids = BigUint64Array.from({ length: Number(count) }, (_, i) => 4n * BigInt(i))
    expect(hex(blake2b(new Uint8Array(ids.buffer), 8))).toBe(digest)
  })

  test('of 64 bytes is that of node:crypto, whatever the length', () => {
    for (const length of [0, 1, 3, 127, 128, 129, 255, 256, 257, 1000]) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 37) & 255)
      expect(hex(blake2b(message, 64))).toBe(createHash('blake2b512').update(message).digest('hex'))
    }
  })
})

test('the checksum of pulse ids is the digest as a number', () => {
  // struct.unpack('d', hashlib.blake2b(struct.pack('<4Q', 0, 8, 16, 24), digest_size=8).digest())
  expect(pulseIdChecksum([0, 8, 16, 24])).toBe(-7.270132736466464e49)
  expect(pulseIdChecksum(undefined)).toBeUndefined()
})
