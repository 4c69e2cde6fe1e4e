import { access, constants, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FILE_NAME } from '../../exdf/euxfel-layout.js'
import { ForeignFileError } from '../../exdf/file.js'
import { belongsToNobody } from '../../files/names.js'
import { kindOf } from '../../files/regular.js'
import { DataError, type DetcalError } from '../../model/errors.js'

/**
 * Names of what may be data files of a run folder, sorted: everything called `*.h5` but what belongs to nobody and
 * `overview.h5`, a virtual file over the others. @throws DataError if there is none.
 */
export async function dataFilesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    const message =
      error.code === 'ENOENT'
        ? 'there is no such folder'
        : error.code === 'ENOTDIR'
          ? 'is a file, not a run folder'
          : `cannot be read (${error.code ?? error.message})`
    throw new DataError(message, {
      place: { file: path },
      hint: 'Give the folder that holds the RAW files of one run',
      cause: error,
    })
  })
  const names = entries
    .filter(entry => !entry.isDirectory() || FILE_NAME.test(entry.name))
    .map(entry => entry.name)
    .filter(name => name.endsWith('.h5') && !belongsToNobody(name) && name.toLowerCase() !== 'overview.h5')
    .sort()
  if (names.length > 0) return names
  const runs = entries.filter(entry => entry.isDirectory() && /^(?:r\d+|raw)$/.test(entry.name))
  throw new DataError('holds no .h5 files: not a run folder', {
    place: { file: path },
    hint: runs[0]
      ? `Give one run below it, such as ${join(path, runs[0].name)}`
      : 'Give the folder that holds the RAW files of one run',
  })
}

/** Nothing that could be data of a run. */
class NoDataError extends DataError {}

/**
 * Looks at what a name stands for before it is opened, which for a pipe would never end.
 * @throws DataError if it is no file that may be read, saying what it is.
 */
export async function requireReadableFile(path: string): Promise<void> {
  const place = { file: path }
  const found = await stat(path).catch(async (error: NodeJS.ErrnoException) => {
    throw await whyNot(path, error)
  })
  if (!found.isFile())
    throw new NoDataError(`is ${kindOf(found)}, not a file`, { place, hint: 'Take it out of the folder' })
  if (found.size === 0)
    throw new NoDataError('is empty, so it is not an HDF5 file', {
      place,
      hint: 'Copy it again, or take it out of the folder',
    })
  await access(path, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    throw new DataError('may not be read', { place, hint: `Ask its owner for the right to (${error.code})` })
  })
}

async function whyNot(path: string, error: NodeJS.ErrnoException): Promise<DataError> {
  const place = { file: path }
  const target = await readlink(path).catch(() => undefined)
  if (target === undefined)
    return new DataError(`cannot be opened (${error.code ?? error.message})`, { place, cause: error })
  const where = error.code === 'ENOENT' ? `to ${target}, which is not there` : `to ${target} (${error.code})`
  return new DataError(`is a link ${where}`, {
    place,
    hint: 'Bring back what it points to, copy the file itself, or remove the link',
  })
}

/**
 * Whether a file that cannot be read is surely none of the run's: it is not named as its files are, and holds nothing or
 * something else. Of any other it cannot be told what is lost with it.
 */
export function isForeign(name: string, error: DetcalError): boolean {
  return !FILE_NAME.test(name) && (error instanceof ForeignFileError || error instanceof NoDataError)
}
