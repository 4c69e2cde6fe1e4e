import { closeSync, openSync } from 'node:fs'
import { readFully } from '../../src/files/read-write.js'

/** Maximum size of an SQLite page. */
const MOST_BYTES = 65536
const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
/** Byte of the header with the encoding of texts: 1 is UTF-8; 0 while there are none. */
const ENCODING_AT = 56
/** The first page is a leaf: the few tables of a catalogue fit into it. */
const LEAF = 13

/**
 * What is wrong with the first page of an SQLite file, where the tables are described; undefined: nothing, or the file
 * is empty or not SQLite's. SQLite quotes these texts in its messages, and the library ends the process where one of
 * them is not UTF-8. Ours are ASCII.
 */
export function firstPageDamage(path: string): string | undefined {
  const page = firstPage(path)
  if (page.length < HEADER_BYTES || page.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  if ((page.readUInt32BE(ENCODING_AT) & ~1) !== 0) return 'its texts are in no known encoding'
  try {
    for (const text of textsOf(page))
      if (/[^\t\n\r -~]/.test(text)) return 'the description of its tables is not text'
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return 'the description of its tables cannot be read'
    throw error
  }
}

function firstPage(path: string): Buffer {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(MOST_BYTES)
    const page = bytes.subarray(0, readFully(fd, bytes, 0, bytes.length, 0))
    const size = page.length < HEADER_BYTES ? 0 : page.readUInt16BE(16)
    // 1 stands for 65536.
    return page.subarray(0, size === 1 ? MOST_BYTES : size)
  } finally {
    closeSync(fd)
  }
}

/** All texts of the rows of a leaf page, byte by byte. @throws RangeError if it is not a leaf page, or damaged. */
function* textsOf(page: Buffer): Generator<string> {
  if (page.readUInt8(HEADER_BYTES) !== LEAF) throw new RangeError()
  const cells = page.readUInt16BE(HEADER_BYTES + 3)
  for (let cell = 0; cell < cells; cell++) {
    const reader = { page, at: page.readUInt16BE(HEADER_BYTES + 8 + 2 * cell) }
    varint(reader)
    varint(reader)
    const header = reader.at
    const end = header + varint(reader)
    let at = end
    while (reader.at < end) {
      const type = varint(reader)
      const bytes = type >= 12 ? (type - (type % 2) - 12) / 2 : (INTEGER_BYTES[type] ?? 0)
      if (at + bytes > page.length) throw new RangeError()
      if (type >= 12) yield page.toString('latin1', at, at + bytes)
      at += bytes
    }
  }
}

/** Bytes of the numbers that a record's types 0 to 9 mean. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0]

/** An SQLite varint: seven bits a byte, highest first, up to nine bytes. */
function varint(reader: { readonly page: Buffer; at: number }): number {
  let value = 0
  for (let i = 0; i < 9; i++) {
    const byte = reader.page.readUInt8(reader.at++)
    value = value * 128 + (byte & 127)
    if (byte < 128) return value
  }
  throw new RangeError()
}
