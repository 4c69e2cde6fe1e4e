import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { readFully, readvFully, writeFully, writevFully } from '../../src/files/read-write.js'
import { scratch } from '../helpers/exdf.js'

/** Most bytes that the system transfers with one call. */
const system = vi.hoisted(() => ({ most: 3 }))

vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const some = (length: number): number => Math.min(length, system.most)
  return {
    ...fs,
    readSync: (fd: number, out: Uint8Array, at: number, length: number, position: number) =>
      fs.readSync(fd, out, at, some(length), position),
    readv: (
      fd: number,
      pieces: Uint8Array[],
      position: number,
      done: (error: Error | null, read: number) => void,
    ) => {
      if (pieces.length > 1024) return done(new Error('EINVAL'), 0)
      const whole = new Uint8Array(some(pieces.reduce((sum, { length }) => sum + length, 0)))
      const read = fs.readSync(fd, whole, 0, whole.length, position)
      let at = 0
      for (const piece of pieces) {
        piece.set(whole.subarray(at, Math.min(at + piece.length, read)))
        at = Math.min(at + piece.length, read)
      }
      done(null, read)
    },
    writeSync: (fd: number, bytes: Uint8Array, at: number, length: number, position: number) =>
      fs.writeSync(fd, bytes, at, some(length), position),
    writevSync: (fd: number, pieces: Uint8Array[], position: number) => {
      const whole = Buffer.concat(pieces)
      return fs.writeSync(fd, whole, 0, some(whole.length), position)
    },
  }
})
afterEach(() => {
  system.most = 3
})

/** A file of these bytes, open as long as `action` runs. */
function withFile<T>(content: Uint8Array, action: (fd: number, path: string) => T): T {
  const path = join(scratch(), 'file')
  writeFileSync(path, content)
  const fd = openSync(path, 'r+')
  try {
    return action(fd, path)
  } finally {
    closeSync(fd)
  }
}

test('a system that reads a little at a time reads all, or to the end of the file', () => {
  withFile(Buffer.from('0123456789'), fd => {
    const out = Buffer.alloc(10, '.')
    expect(readFully(fd, out, 1, 7, 2)).toBe(7)
    expect(out.toString()).toBe('.2345678..')
    expect(readFully(fd, out, 0, 10, 6)).toBe(4)
    expect(readFully(fd, out, 0, 10, 10)).toBe(0)
  })
})

test('a system that writes a little at a time writes all', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 })
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 30 }), fc.nat(5), (pieces, most, position) => {
      system.most = most
      const whole = Buffer.concat(pieces)
      const expected = Buffer.concat([Buffer.alloc(position), whole])
      withFile(Buffer.alloc(position), (fd, path) => {
        writevFully(fd, pieces, position)
        expect(readFileSync(path).equals(expected)).toBe(true)
      })
      withFile(Buffer.alloc(position), (fd, path) => {
        writeFully(fd, whole, position)
        expect(readFileSync(path).equals(expected)).toBe(true)
      })
    }),
    { numRuns: 60 },
  )
})

test('a system that writes nothing is full', () => {
  system.most = 0
  withFile(Buffer.alloc(0), fd => {
    expect(() => writeFully(fd, Buffer.alloc(1), 0)).toThrow(/ENOSPC/)
    expect(() => writevFully(fd, [Buffer.alloc(1)], 0)).toThrow(/ENOSPC/)
  })
})

test('into several pieces, however few bytes the system reads at once', async () => {
  const path = join(scratch(), 'pieces')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 9 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 30 }),
      fc.nat({ max: 40 }),
      async (lengths, most, missing) => {
        system.most = most
        const total = lengths.reduce((sum, length) => sum + length, 0)
        const stored = Uint8Array.from({ length: Math.max(0, total + 5 - missing) }, (_, i) => i + 1)
        writeFileSync(path, stored)
        const fd = openSync(path, 'r')
        const pieces = lengths.map(length => new Uint8Array(length))
        const read = await readvFully(fd, pieces, 5)
        closeSync(fd)
        const expected = stored.subarray(5, 5 + total)
        expect(read).toBe(expected.length)
        expect(Buffer.concat(pieces).subarray(0, read)).toEqual(Buffer.from(expected))
      },
    ),
  )
})

test('into more pieces than the system takes', async () => {
  system.most = Infinity
  const stored = Uint8Array.from({ length: 3000 }, (_, i) => i % 251)
  const path = join(scratch(), 'pieces')
  writeFileSync(path, stored)
  const fd = openSync(path, 'r')
  const pieces = Array.from({ length: 3000 }, () => new Uint8Array(1))
  expect(await readvFully(fd, pieces, 0)).toBe(3000)
  closeSync(fd)
  expect(Buffer.concat(pieces)).toEqual(Buffer.from(stored))
})
