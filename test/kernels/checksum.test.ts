import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes, kernels, view } from './memory.js'

const AT = 131072
const OUT = 65536
const MASK = 2n ** 64n - 1n

function checksum(length: number): string {
  kernels.checksum(AT, length, OUT)
  return Buffer.from(bytes.slice(OUT, OUT + 16)).toString('hex')
}

/** The definition in kernels/checksum.ts, word by word. */
function expected(length: number): string {
  const word = (at: number) => view.getBigUint64(AT + at, true)
  const swap = (value: bigint) => ((value << 32n) & MASK) | (value >> 32n)
  const rotated = (value: bigint) => ((value << 29n) & MASK) | (value >> 35n)
  let [hashS, hashT] = [BigInt(length), BigInt(length)]
  for (let lane = 0; lane < 64; lane += 8) {
    let [s, t] = [0n, 0n]
    for (let at = lane; at < length; at += 64) {
      s = (s + word(at)) & MASK
      t = (t + ((at & 64) === 0 ? s : swap(s))) & MASK
    }
    hashS = rotated(((hashS ^ s) * 0x9e3779b185ebca87n) & MASK)
    hashT = rotated(((hashT ^ t) * 0xc2b2ae3d27d4eb4fn) & MASK)
  }
  const out = Buffer.alloc(16)
  out.writeBigUInt64LE(hashS)
  out.writeBigUInt64LE(hashT, 8)
  return out.toString('hex')
}

const LENGTH = 1024
const content = fc.uint8Array({ minLength: LENGTH, maxLength: LENGTH })

describe('the checksum', () => {
  it('is what its definition says', () => {
    fc.assert(
      fc.property(content, fc.integer({ min: 0, max: 8 }), (data, steps) => {
        bytes.set(data, AT)
        expect(checksum(128 * steps)).toBe(expected(128 * steps))
      }),
      { numRuns: 200 },
    )
  })

  it('finds any change within 64 bytes in a row', () => {
    const burst = fc.tuple(fc.nat(LENGTH - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }))
    fc.assert(
      fc.property(content, burst, (data, [at, change]) => {
        bytes.set(data, AT)
        const before = checksum(LENGTH)
        change.forEach((bits, i) => {
          if (at + i < LENGTH) bytes[AT + at + i]! ^= bits
        })
        const same = Buffer.compare(data, bytes.subarray(AT, AT + LENGTH)) === 0
        expect(checksum(LENGTH) === before).toBe(same)
      }),
      { numRuns: 1000 },
    )
  })

  it('finds any two flipped bits, but for top bits of one lane in some pages', () => {
    for (const fill of [0, 0x45]) {
      bytes.fill(fill, AT, AT + LENGTH)
      const before = checksum(LENGTH)
      const flip = (bit: number) => {
        bytes[AT + (bit >> 3)]! ^= 1 << (bit & 7)
      }
      // Beside bits that sums lose most easily, every other one.
      for (const first of [7, 31, 63, 31 + 64 * 8, 63 + 64 * 8]) {
        flip(first)
        for (let second = first + 1; second < 8 * LENGTH; second++) {
          flip(second)
          const top = first % 64 === 63 && (second - first) % 512 === 0
          if (checksum(LENGTH) === before && !(top && fill > 0))
            expect.fail(`bits ${first} and ${second}, filled with ${fill}`)
          flip(second)
        }
        flip(first)
      }
    }
  })

  it('finds exchanged words, lines and pages', () => {
    for (let i = 0; i < LENGTH; i++) bytes[AT + i] = (i * 7919) >> 3
    const before = checksum(LENGTH)
    for (const size of [4, 8, 64, 128, 256])
      for (let at = 0; at + 2 * size <= LENGTH; at += size) {
        const one = bytes.slice(AT + at, AT + at + size)
        const two = bytes.slice(AT + at + size, AT + at + 2 * size)
        bytes.set(two, AT + at)
        bytes.set(one, AT + at + size)
        expect(checksum(LENGTH) === before).toBe(Buffer.compare(one, two) === 0)
        bytes.set(one, AT + at)
        bytes.set(two, AT + at + size)
      }
    expect(checksum(LENGTH)).toBe(before)
  })

  it('tells lengths of zeros apart', () => {
    bytes.fill(0, AT, AT + LENGTH)
    expect(new Set([0, 128, 256, 1024].map(checksum)).size).toBe(4)
  })
})
