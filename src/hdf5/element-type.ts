import { DTYPE_BYTES, type DType } from '../model/dtypes.js'

/** HDF5's classes of element types, by number. */
const KINDS = [
  'integers',
  'floats',
  'times',
  'text',
  'bit fields',
  'opaque bytes',
  'compounds',
  'references',
  'enumerations',
  'lists of varying length',
  'arrays',
] as const

/** What the elements of a dataset are. */
export interface ElementType {
  readonly kind: (typeof KINDS)[number] | 'something unknown'
  /** Bytes of one element in the file; of text of varying length, of the reference to it. */
  readonly bytes: number
  /** Undefined: not one of ours (big-endian, half floats, text, …). */
  readonly dtype: DType | undefined
  /** In numpy's short spelling (`u2`, `f4`), with `>` in front when big-endian; `other` for all but integers and floats. */
  readonly name: string
}

/** @param type HDF5's number of the class. */
export function elementType(type: number, size: number, signed: boolean, littleEndian: boolean): ElementType {
  const kind = KINDS[type] ?? 'something unknown'
  const letter = kind === 'floats' ? 'f' : signed ? 'i' : 'u'
  const name = `${littleEndian || size === 1 ? '' : '>'}${letter}${size}`
  if (kind !== 'integers' && kind !== 'floats') return { kind, bytes: size, dtype: undefined, name: 'other' }
  return { kind, bytes: size, dtype: isDType(name) ? name : undefined, name }
}

function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPE_BYTES, name)
}
