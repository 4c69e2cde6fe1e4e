import { Unsupported } from './errors.js'
import type { Cursor } from './file-view.js'

/** HDF5's numbers of type classes. */
export const CLASS = { integer: 0, float: 1, string: 3 } as const
const VARIABLE_LENGTH = 9

/** What a dataset's elements are, in the words of the library: {@link CLASS}, and bytes of one. */
export interface ElementType {
  readonly type: number
  readonly size: number
  readonly signed: boolean
  readonly littleEndian: boolean
  /** Strings: whether each lies elsewhere, in a heap, and whether it is UTF-8. */
  readonly vlen: boolean
  readonly utf8: boolean
}

/** What every datatype message begins with: its class, two bytes of properties, bytes of an element. */
export function readTypeHead(body: Cursor): { kind: number; bits0: number; bits1: number; size: number } {
  const classAndVersion = body.u8()
  const [bits0, bits1] = [body.u8(), body.u8()]
  body.skip(1)
  const size = body.u32()
  const version = classAndVersion >> 4
  if (version < 1 || version > 4) throw new Unsupported(`datatype version ${version}`)
  return { kind: classAndVersion & 15, bits0, bits1, size }
}

/** The datatype message, as far as it tells numbers and strings. @throws Unsupported for VAX floats and unknown versions. */
export function readElementType(body: Cursor): ElementType {
  const { kind, bits0, bits1, size } = readTypeHead(body)
  const number = kind === CLASS.integer || kind === CLASS.float
  if (kind === CLASS.float && bits0 & 0x40) throw new Unsupported('VAX floats')
  const text = kind === VARIABLE_LENGTH && (bits0 & 15) === 1
  return {
    type: text ? CLASS.string : kind,
    size,
    signed: kind === CLASS.integer && (bits0 & 8) !== 0,
    littleEndian: !(number && bits0 & 1),
    vlen: text,
    // The character set is in the second four bits, behind the kind of padding.
    utf8: (text ? bits1 & 15 : kind === CLASS.string ? bits0 >> 4 : 0) === 1,
  }
}
