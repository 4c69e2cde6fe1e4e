import { type ElementType, elementType } from '../element-type.js'
import { Unsupported } from './errors.js'
import type { Cursor } from './file-view.js'

const INTEGER = 0
const FLOAT = 1
const STRING = 3
const VARIABLE_LENGTH = 9

/** An element type as a file stores it. */
export interface StoredType extends ElementType {
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

/** The datatype message, as far as it describes numbers and strings. @throws Unsupported for VAX floats and unknown versions. */
export function readElementType(body: Cursor): StoredType {
  const { kind, bits0, bits1, size } = readTypeHead(body)
  const number = kind === INTEGER || kind === FLOAT
  if (kind === FLOAT && bits0 & 0x40) throw new Unsupported('VAX floats')
  const text = kind === VARIABLE_LENGTH && (bits0 & 15) === 1
  const type = text ? STRING : kind
  const signed = kind === INTEGER && (bits0 & 8) !== 0
  return {
    ...elementType(type, size, signed, !(number && bits0 & 1)),
    vlen: text,
    // The character set is in the second four bits, behind the kind of padding.
    utf8: (text ? bits1 & 15 : kind === STRING ? bits0 >> 4 : 0) === 1,
  }
}
