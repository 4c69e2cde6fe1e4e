import {
  type Attribute,
  type Entity,
  externalLinkOn,
  type File,
  type Group,
  withFile,
} from '../../src/hdf5/library.js'
import type { DType } from '../../src/model/dtypes.js'
import { ConstantsError, type Place } from '../../src/model/errors.js'
import { readStatements, type Statements } from './statements.js'

/** A constant found in a file of CalCat's layout, `/<PDU>/<Calibration>/<index>/data`; nothing of its data is read. */
export interface StoredConstant {
  /** Physical detector unit, the group's name; undefined in a file that begins with the calibration. */
  readonly pdu: string | undefined
  readonly calibration: string
  /** The group of the version, `0` nearly always. */
  readonly index: number
  /** `/<PDU>/<Calibration>/<index>`, CalCat's `data_set_name`. */
  readonly dataset: string
  readonly shape: readonly number[]
  /** Undefined: of a type that no constant has (strings, compounds, half floats, big-endian). */
  readonly dtype: DType | undefined
  /** The `dims` attribute: names of the axes, slowest first. */
  readonly dims: readonly string[] | undefined
  /** What the file says of it besides. */
  readonly statements: Statements
}

/** Groups looked at in one file: far above any real one, far below what could hang. */
const MOST_GROUPS = 4096

/**
 * The constants of a file, in the file's order.
 * @throws DataError if it cannot be opened; ConstantsError if no constant is in it, or a `dims` attribute is malformed.
 */
export function describeConstants(path: string): Promise<StoredConstant[]> {
  return withFile(path, 'r', file => {
    const found = [...constantsBelow(file, path)]
    if (found.length === 0)
      throw new ConstantsError('no dataset /<PDU>/<Calibration>/<index>/data is in it', {
        place: { file: path },
        hint: "Give a file in CalCat's layout, or one of Cheetah's with AnalogOffset at its top",
      })
    return found
  })
}

/**
 * Who made the constant `dataset` of a file, which the file alone says; undefined where it does not.
 * @throws as {@link describeConstants}
 */
export async function makerOf({
  path,
  dataset,
}: {
  readonly path: string
  readonly dataset: string
}): Promise<string | undefined> {
  const stored = await describeConstants(path)
  return stored.find(constant => constant.dataset === dataset)?.statements.software
}

/** `/<Calibration>/<index>/data` is recognised by its depth: what lies one deeper has a PDU. */
function* constantsBelow(root: File, file: string): Generator<StoredConstant> {
  const budget = { groups: MOST_GROUPS }
  for (const [first, outer] of groupsOf(root, file, budget)) {
    for (const [second, middle] of groupsOf(outer, file, budget)) {
      const flat = constantIn(root, undefined, middle, file, [first, second])
      if (flat) yield flat
      for (const [third, inner] of groupsOf(middle, file, budget)) {
        const constant = constantIn(root, outer, inner, file, [first, second, third])
        if (constant) yield constant
      }
    }
  }
}

function* groupsOf(group: Group, file: string, budget: { groups: number }): Generator<[string, Group]> {
  const names = group.keys()
  // Versions are numbered: 10 is behind 9.
  if (names.every(name => /^\d+$/.test(name))) names.sort((a, b) => Number(a) - Number(b))
  for (const name of names) {
    if (--budget.groups < 0)
      throw new ConstantsError(`more than ${MOST_GROUPS} groups are not a file of constants`, {
        place: { file },
      })
    const entity: Entity | null = group.get(name)
    if (entity !== null && 'keys' in entity) yield [name, entity]
  }
}

function constantIn(
  root: File,
  unit: Group | undefined,
  group: Group,
  file: string,
  names: readonly string[],
): StoredConstant | undefined {
  const [index, calibration, pdu] = names.toReversed()
  if (index === undefined || calibration === undefined || !/^\d{1,9}$/.test(index)) return undefined
  if (!group.keys().includes('data')) return undefined
  const dataset = `/${names.join('/')}`
  // Before its attributes are read: the library breaks down on texts behind a link.
  const elsewhere = externalLinkOn(root, `${dataset}/data`)
  if (elsewhere !== undefined) throw liesElsewhere(elsewhere, { file, dataset: `${dataset}/data` })
  const data = group.get('data')
  if (data === null || !('slice' in data)) return undefined
  return {
    pdu,
    calibration,
    index: Number(index),
    dataset,
    shape: data.shape ?? [],
    dtype: dtypeOf(data.metadata),
    dims: dimsOf(data.attrs['dims'], { file, dataset }),
    statements: readStatements(unit, group),
  }
}

/** Why a constant is refused whose elements are not in its file: a catalogue's checksums vouch for its own files. */
export function liesElsewhere(where: string, place: Place): ConstantsError {
  const hint =
    'Copy it into one file, with h5py: write data[...] anew, or Group.copy(…, expand_external=True)'
  return new ConstantsError(`its elements lie in another file, ${where}`, { place, hint })
}

interface NumberType {
  readonly type: number
  readonly size: number
  readonly signed: boolean
  readonly littleEndian: boolean
}

/** The dtype of a dataset's type as h5wasm describes it: class 0 is integers, class 1 floats. */
export function dtypeOf({ type, size, signed, littleEndian }: NumberType): DType | undefined {
  if (!littleEndian && size > 1) return undefined
  if (type === 0) return INTEGERS[`${signed ? 'i' : 'u'}${size}`]
  if (type === 1) return size === 4 ? 'f4' : size === 8 ? 'f8' : undefined
  return undefined
}

const INTEGERS: Readonly<Record<string, DType>> = {
  i1: 'i1',
  u1: 'u1',
  i2: 'i2',
  u2: 'u2',
  i4: 'i4',
  u4: 'u4',
  i8: 'i8',
  u8: 'u8',
}

function dimsOf(
  attribute: Attribute | undefined,
  place: { file: string; dataset: string },
): string[] | undefined {
  if (attribute === undefined) return undefined
  const value = attribute.value
  const names = typeof value === 'string' ? [value] : value
  if (Array.isArray(names) && names.length <= 32 && names.every(name => typeof name === 'string'))
    return names
  throw new ConstantsError('its attribute dims is not a list of names', {
    place,
    hint: 'State the order of its axes with --dims',
  })
}
