import { notAFile } from '../files/regular.js'
import { DataError } from '../model/errors.js'
import { DirectFile, Unsupported } from './direct/index.js'
import type { Hdf5File } from './file.js'
import { LibraryFile } from './library-file.js'

/**
 * Opens a file, hands it to `use` and closes it: groups and small datasets are read directly where that can be done. If
 * what is asked of it is damaged, or of a kind that the direct reader does not know, `use` is called again, with what the
 * library, which takes a tenth of a second to start, makes of the file. So `use` leaves nothing behind but its result.
 * @throws DataError naming the file if it cannot be read; what `use` throws passes.
 */
export async function readHdf5<T>(path: string, use: (file: Hdf5File) => T): Promise<T> {
  const what = notAFile(path)
  if (what !== undefined) throw new DataError(what, { place: { file: path }, hint: 'Give an HDF5 file' })
  try {
    const file = DirectFile.open(path)
    try {
      return use(file)
    } finally {
      file.close()
    }
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
  }
  return LibraryFile.reading(path, use)
}
