import { DataError } from '../model/errors.js'
import { refuseForeignFilters } from './guard.js'
import { type Dataset, withFile } from './library.js'
import { locatedIn } from './located-in.js'

/**
 * Makes sure that a dataset can be read, without reading its elements: it is there with all it refers to in other files,
 * and its filters can be undone.
 * @param path of the file. @param dataset path of the dataset in it.
 * @throws DataError naming file, dataset and the source or filter that is missing.
 */
export async function checkReadable(path: string, dataset: string): Promise<void> {
  if (locatedIn(path, dataset)) return
  await withFile(path, 'r', file => {
    const found = file.get(dataset)
    if (found === null || !('slice' in found))
      throw new DataError('this dataset is missing', {
        place: { file: path, dataset },
        hint: 'List what the file holds with h5ls -r',
      })
    refuseForeignFilters(found as Dataset, path)
  })
}
