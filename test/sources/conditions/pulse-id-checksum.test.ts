import { describe, expect, test } from 'vitest'
import { pulseIdChecksum } from '../../../src/kits/dssc/conditions.js'

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

describe('the checksum of pulse ids', () => {
  test.each(Object.entries(GOLDEN))('holds the eight bytes that Python finds for %s ids', (count, digest) => {
    const checksum = pulseIdChecksum(Array.from({ length: Number(count) }, (_, i) => 4 * i))
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(checksum ?? Number.NaN)
    expect(bytes.toString('hex')).toBe(digest)
  })

  test('is the digest as a number', () => {
    // struct.unpack('d', hashlib.blake2b(struct.pack('<4Q', 0, 8, 16, 24), digest_size=8).digest())
    expect(pulseIdChecksum([0, 8, 16, 24])).toBe(-7.270132736466464e49)
  })

  test('is unknown where the ids are', () => {
    expect(pulseIdChecksum(undefined)).toBeUndefined()
  })
})
