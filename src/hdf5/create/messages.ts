import { DTYPE_BYTES, type DType } from '../../model/dtypes.js'
import { FLOATS } from '../direct/messages.js'
import { MESSAGE } from '../direct/object-header.js'
import { Encoder, NOWHERE } from './encoder.js'

/** One message of an object header. Formats: the HDF5 file format specification 2.0, IV.A.2. */
export interface NewMessage {
  readonly type: number
  readonly body: Uint8Array
  /** Bit 0: it never changes. */
  readonly flags?: number
}

// Types of messages that the reader has no need of.
const GROUP_INFO = 0x0a
const ATTRIBUTE = 0x0c

/** Elements of a dataset or an attribute: numbers, or strings that lie in a heap. */
export type ElementKind = DType | 'ascii' | 'utf8'

/** Bytes of a string's place in a heap: length, address of the heap, number of the object. */
export const REFERENCE_BYTES = 16

export function bytesOf(kind: ElementKind): number {
  return kind === 'ascii' || kind === 'utf8' ? REFERENCE_BYTES : DTYPE_BYTES[kind]
}

/** @param growable leaves the first dimension without a maximum; else the shape is it. */
export function dataspace(shape: readonly number[], growable: boolean): NewMessage {
  const body = new Encoder().u8(1, shape.length, shape.length > 0 ? 1 : 0).zeros(5)
  for (const length of shape) body.u64(length)
  for (const [axis, length] of shape.entries()) body.u64(growable && axis === 0 ? NOWHERE : length)
  return { type: MESSAGE.dataspace, body: body.done() }
}

export function datatype(kind: ElementKind): NewMessage {
  return { type: MESSAGE.datatype, flags: 1, body: typeBytes(kind) }
}

function typeBytes(kind: ElementKind): Uint8Array {
  const size = bytesOf(kind)
  const body = new Encoder()
  if (kind === 'ascii' || kind === 'utf8') {
    // Of variable length, ended by a zero; its base is a byte.
    body.u8(0x19, 0x01, kind === 'utf8' ? 1 : 0, 0).u32(size)
    return body.bytes(typeBytes('u1')).done()
  }
  const float = FLOATS[size]
  if (float?.dtype === kind) {
    const [offset, precision, exponentAt, exponentBits, mantissaAt, mantissaBits, bias] = float.layout
    // Little-endian, the leading one of the mantissa implied.
    body.u8(0x11, 0x20, float.signBit, 0).u32(size).u16(offset).u16(precision)
    return body.u8(exponentAt, exponentBits, mantissaAt, mantissaBits).u32(bias).done()
  }
  const signed = kind.startsWith('i')
  return body
    .u8(0x10, signed ? 0x08 : 0, 0, 0)
    .u32(size)
    .u16(0)
    .u16(8 * size)
    .done()
}

/** What elements that were never written read as, by its bytes, or zero; chunks come as they are written. */
export function fillValue(chunked: boolean, value: Uint8Array = new Uint8Array(0)): NewMessage {
  return {
    type: MESSAGE.fillValue,
    flags: 1,
    body: new Encoder()
      .u8(2, chunked ? 3 : 2, 2, 1)
      .u32(value.length)
      .bytes(value)
      .done(),
  }
}

export function contiguous(address: number, bytes: number): NewMessage {
  return { type: MESSAGE.layout, body: new Encoder().u8(3, 1).u64(address).u64(bytes).done() }
}

/** @param index address of the version-1 B-tree of the chunks; NOWHERE: none yet. */
export function chunked(chunkShape: readonly number[], elementBytes: number, index: number): NewMessage {
  const body = new Encoder().u8(3, 2, chunkShape.length + 1).u64(index)
  for (const length of [...chunkShape, elementBytes]) body.u32(length)
  return { type: MESSAGE.layout, body: body.done() }
}

/** @param shuffle bytes of an element whose bytes are put apart first; absent: they are not. */
export function deflate(level: number, shuffle?: number): NewMessage {
  const body = new Encoder().u8(1, shuffle === undefined ? 1 : 2).zeros(6)
  // Optional, as the library has it: a reader without it can still tell what is missing.
  if (shuffle !== undefined)
    body.u16(2).u16(8).u16(1).u16(1).bytes(Buffer.from('shuffle\0')).u32(shuffle).u32(0)
  body.u16(1).u16(8).u16(1).u16(1).bytes(Buffer.from('deflate\0')).u32(level).u32(0)
  return { type: MESSAGE.filters, flags: 1, body: body.done() }
}

/** Names and types are padded to multiples of 8, `data` is not. */
export function attribute(
  name: string,
  kind: ElementKind,
  shape: readonly number[],
  data: Uint8Array,
): NewMessage {
  const parts = [Buffer.from(`${name}\0`), typeBytes(kind), dataspace(shape, false).body]
  const body = new Encoder().u8(1, 0)
  for (const { length } of parts) body.u16(length)
  for (const part of parts) body.bytes(part).pad()
  return { type: ATTRIBUTE, body: body.bytes(data).done() }
}

/** What makes an object a group, one whose links are messages of its header. */
export function groupHead(): NewMessage[] {
  return [
    { type: MESSAGE.linkInfo, body: new Encoder().u8(0, 0).u64(NOWHERE).u64(NOWHERE).done() },
    { type: GROUP_INFO, flags: 1, body: new Encoder().u8(0, 0).done() },
  ]
}

/** A member of a group: at an address, or by the absolute path that a soft link names. */
export function link(name: string, target: number | string): NewMessage {
  const bytes = Buffer.from(name)
  const wide = bytes.length > 255
  const ascii = bytes.length === name.length
  const body = new Encoder().u8(1, (wide ? 1 : 0) | (typeof target === 'string' ? 8 : 0) | (ascii ? 0 : 16))
  if (typeof target === 'string') body.u8(1)
  if (!ascii) body.u8(1)
  if (wide) body.u16(bytes.length)
  else body.u8(bytes.length)
  body.bytes(bytes)
  if (typeof target === 'number') body.u64(target)
  else body.u16(Buffer.byteLength(target)).bytes(Buffer.from(target))
  return { type: MESSAGE.link, body: body.done() }
}

/** Messages of a header, and bytes of one of them: 16 bits count them. */
const MOST = 0xffff

/** A version-1 object header: its messages, one after the other. @throws RangeError if it cannot hold them. */
export function objectHeader(messages: readonly NewMessage[]): Uint8Array {
  const all = new Encoder()
  if (messages.length > MOST) throw new RangeError(`${messages.length} members and attributes of one object`)
  for (const { type, body, flags = 0 } of messages) {
    const length = Math.ceil(body.length / 8) * 8
    if (length > MOST) throw new RangeError(`${length} bytes of an attribute or a name`)
    all.u16(type).u16(length).u8(flags).zeros(3).bytes(body).pad()
  }
  const head = new Encoder().u8(1, 0).u16(messages.length).u32(1).u32(all.length).zeros(4)
  return head.bytes(all.done()).done()
}
