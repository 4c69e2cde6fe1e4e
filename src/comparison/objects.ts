import { type Hdf5File, readHdf5 } from '../hdf5/index.js'
import { DataError } from '../model/errors.js'

/** What a file holds at one path, but for the numbers of datasets. */
export interface StoredObject {
  readonly kind: 'group' | 'dataset' | 'link'
  /** Of a dataset its element type, of a link where it leads. */
  readonly type: string
  readonly shape: readonly number[]
  readonly attributes: ReadonlyMap<string, string>
  /** Of a dataset of text: its strings. */
  readonly texts?: readonly string[]
}

/** Objects of a file; deeper or more than any of ours has, it is damaged. */
const MOST_OBJECTS = 100_000
const DEEPEST = 16
/** Bytes of text that a dataset may have. */
const MOST_TEXT = 16 << 20

/**
 * Everything in an HDF5 file, by path without a slash in front; `''` is the file itself. Links are told and not followed.
 * @throws DataError naming file and dataset if the file cannot be read.
 */
export function objectsIn(path: string): Promise<ReadonlyMap<string, StoredObject>> {
  return readHdf5(path, file => {
    const found = new Map<string, StoredObject>()
    const walk = (at: string, depth: number): void => {
      if (found.size > MOST_OBJECTS || depth > DEEPEST)
        throw new DataError('holds too many objects', { place: { file: path, dataset: at } })
      const object = objectAt(file, at, path)
      found.set(at, object)
      if (object.kind !== 'group') return
      for (const name of file.names(at === '' ? '/' : at) ?? [])
        walk(at === '' ? name : `${at}/${name}`, depth + 1)
    }
    walk('', 0)
    return found
  })
}

function objectAt(file: Hdf5File, path: string, name: string): StoredObject {
  const target = path === '' ? undefined : (file.softLink(path) ?? file.externalLink(path))
  if (target !== undefined) return { kind: 'link', type: target, shape: [], attributes: new Map() }
  const attributes = file.attributes(path === '' ? '/' : path)
  const dataset = path === '' ? undefined : file.dataset(path)
  if (dataset === undefined) return { kind: 'group', type: '', shape: [], attributes }
  const { type, shape, length } = dataset
  const stored = { kind: 'dataset' as const, shape, attributes }
  if (type.kind !== 'text') return { ...stored, type: type.name === 'other' ? type.kind : type.name }
  if (type.bytes * length > MOST_TEXT)
    throw new DataError(`holds ${length} strings of ${type.bytes} bytes`, {
      place: { file: name, dataset: path },
    })
  return { ...stored, type: `text of ${type.bytes} bytes`, texts: dataset.strings() }
}
