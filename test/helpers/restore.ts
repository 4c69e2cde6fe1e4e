import { type Dataset, type File, type Group, withFile } from '../../src/hdf5/library.js'

/** How `image/data` is stored in a copy: chunk frames and filter, or what only the library can read. */
export type Storage = 'deflate' | 'three frames a chunk' | 'contiguous' | 'library'

/**
 * Copies a RAW file with its images stored in another way: everything else as it is, values and names.
 * `library` gives the chunks a version-2 B-tree, which the direct reader leaves to the library.
 */
export async function restore(
  from: string,
  to: string,
  storage: Storage,
  put: PutDataset = () => false,
): Promise<void> {
  const libver: ['latest', 'latest'] | ['earliest', 'latest'] =
    storage === 'library' ? ['latest', 'latest'] : ['earliest', 'latest']
  await withFile(from, 'r', source =>
    withFile(to, 'w', target => copy(source, target, '', storage, put), { libver }),
  )
}

/** Makes a dataset of the copy in a way of its own; false: it is left to {@link restore}. */
export type PutDataset = (dataset: Dataset, target: File, path: string) => boolean

/** Image data of which `missing` rows have no chunk. */
export const withoutRows =
  (missing: readonly number[], deflated = false): PutDataset =>
  (dataset, target, path) => {
    if (!path.endsWith('image/data')) return false
    const [rows = 0, ...frame] = dataset.shape ?? []
    const images = dataset.value as Uint16Array
    const made = target.create_dataset({
      name: path,
      data: new Uint16Array(0),
      shape: [0, ...frame],
      maxshape: [null, ...frame],
      chunks: [1, ...frame],
      ...(deflated ? { compression: 'gzip', compression_opts: [1] } : {}),
    })
    made.resize([rows, ...frame])
    const length = images.length / rows
    const whole = frame.map((n): [number, number] => [0, n])
    for (let row = 0; row < rows; row++)
      if (!missing.includes(row))
        made.write_slice([[row, row + 1], ...whole], images.subarray(row * length, (row + 1) * length))
    return true
  }

function copy(source: File, target: File, path: string, storage: Storage, put: PutDataset): void {
  const group = (path === '' ? source : source.get(path)) as Group
  for (const name of group.keys()) {
    const child = path === '' ? name : `${path}/${name}`
    const entity = source.get(child)
    if (entity && 'keys' in entity) {
      target.create_group(child)
      copy(source, target, child, storage, put)
    } else if (!put(source.get(child) as Dataset, target, child))
      copyDataset(source.get(child) as Dataset, target, child, storage)
  }
}

function copyDataset(dataset: Dataset, target: File, path: string, storage: Storage): void {
  const shape = [...(dataset.shape ?? [])]
  const data = dataset.value as never
  const base = { name: path, data, shape, dtype: dataset.dtype as string }
  if (!path.endsWith('image/data')) {
    target.create_dataset(base)
    return
  }
  const [, ...frame] = shape
  const chunks = { deflate: 1, 'three frames a chunk': 3, contiguous: 0, library: 1 }[storage]
  target.create_dataset({
    ...base,
    ...(chunks > 0 ? { chunks: [chunks, ...frame] } : {}),
    ...(storage === 'deflate' ? { compression: 'gzip', compression_opts: 1 } : {}),
    ...(storage === 'library' ? { maxshape: [null, null, ...frame.slice(1)] } : {}),
    ...(storage === 'three frames a chunk' ? { maxshape: [null, ...frame] } : {}),
  })
}
