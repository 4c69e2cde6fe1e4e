import { type Hdf5File, readHdf5 } from '../../src/hdf5/index.js'
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
  return readHdf5(path, file => {
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
function* constantsBelow(root: Hdf5File, file: string): Generator<StoredConstant> {
  const budget = { groups: MOST_GROUPS }
  for (const outer of groupsOf(root, '', file, budget))
    for (const middle of groupsOf(root, outer, file, budget)) {
      const flat = constantIn(root, middle, file)
      if (flat) yield flat
      for (const inner of groupsOf(root, middle, file, budget)) {
        const constant = constantIn(root, inner, file)
        if (constant) yield constant
      }
    }
}

/** Paths of the groups in a group. */
function* groupsOf(
  root: Hdf5File,
  group: string,
  file: string,
  budget: { groups: number },
): Generator<string> {
  const names = [...(root.names(group || '/') ?? [])]
  // Versions are numbered: 10 is behind 9.
  if (names.every(name => /^\d+$/.test(name))) names.sort((a, b) => Number(a) - Number(b))
  for (const name of names) {
    if (--budget.groups < 0)
      throw new ConstantsError(`more than ${MOST_GROUPS} groups are not a file of constants`, {
        place: { file },
      })
    if (root.isGroup(`${group}/${name}`)) yield `${group}/${name}`
  }
}

/** The constant in the group `dataset`, `/<PDU>/<Calibration>/<index>`, if it is one. */
function constantIn(root: Hdf5File, dataset: string, file: string): StoredConstant | undefined {
  const [index, calibration, pdu] = dataset.slice(1).split('/').toReversed()
  if (index === undefined || calibration === undefined || !/^\d{1,9}$/.test(index)) return undefined
  if (!root.names(dataset)?.includes('data')) return undefined
  const path = `${dataset}/data`
  // Before its attributes are read: the library breaks down on texts behind a link.
  const elsewhere = root.externalLink(path)
  if (elsewhere !== undefined) throw liesElsewhere(elsewhere, { file, dataset: path })
  const data = root.isGroup(path) ? undefined : root.dataset(path)
  if (data === undefined) return undefined
  return {
    pdu,
    calibration,
    index: Number(index),
    dataset,
    shape: data.shape,
    dtype: data.type.dtype,
    dims: dimsOf(root.attribute(path, 'dims'), { file, dataset }),
    statements: readStatements(root, pdu === undefined ? undefined : `/${pdu}`, dataset),
  }
}

/** Why a constant is refused whose elements are not in its file: a catalogue's checksums vouch for its own files. */
export function liesElsewhere(where: string, place: Place): ConstantsError {
  const hint =
    'Copy it into one file, with h5py: write data[...] anew, or Group.copy(…, expand_external=True)'
  return new ConstantsError(`its elements lie in another file, ${where}`, { place, hint })
}

function dimsOf(attribute: unknown, place: { file: string; dataset: string }): string[] | undefined {
  if (attribute === undefined) return undefined
  const names = typeof attribute === 'string' ? [attribute] : attribute
  if (Array.isArray(names) && names.length <= 32 && names.every(name => typeof name === 'string'))
    return names
  throw new ConstantsError('its attribute dims is not a list of names', {
    place,
    hint: 'State the order of its axes with --dims',
  })
}
