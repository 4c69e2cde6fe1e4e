import { type Dataset, type File, type Group, withFile } from '../../src/hdf5/library.js'

/** How `image/data` is stored in a copy: chunk frames and filter, or what only the library can read. */
export type Storage = 'deflate' | 'three frames a chunk' | 'contiguous' | 'library'

/**
 * Copies a RAW file with its images stored in another way: everything else as it is, values and names.
 * `library` gives the chunks a version-2 B-tree, which the direct reader leaves to the library.
 */
export async function restore(from: string, to: string, storage: Storage): Promise<void> {
  const libver: ['latest', 'latest'] | ['earliest', 'latest'] =
    storage === 'library' ? ['latest', 'latest'] : ['earliest', 'latest']
  await withFile(from, 'r', source =>
    withFile(to, 'w', target => copy(source, target, '', storage), { libver }),
  )
}

function copy(source: File, target: File, path: string, storage: Storage): void {
  const group = (path === '' ? source : source.get(path)) as Group
  for (const name of group.keys()) {
    const child = path === '' ? name : `${path}/${name}`
    const entity = source.get(child)
    if (entity && 'keys' in entity) {
      target.create_group(child)
      copy(source, target, child, storage)
    } else copyDataset(source.get(child) as Dataset, target, child, storage)
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
