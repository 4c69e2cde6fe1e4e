import { writing } from '../../files/errors.js'
import { writeFully } from '../../files/read-write.js'
import { FileView } from '../direct/file-view.js'
import { readLayout } from '../direct/layout.js'
import { findObject } from '../direct/locate.js'
import { MESSAGE } from '../direct/object-header.js'

/**
 * Replaces the elements of a dataset without chunks that `NewFile` made, once they are known: `bytes` are all of them.
 * @throws Error if it is not such a dataset, or of another size: a mistake of the caller.
 * @throws OutputError if the file cannot be written.
 */
export function writeLate(fd: number, path: string, bytes: Uint8Array, file: string): void {
  const view = new FileView(fd, file, path)
  const message = findObject(view, path).messages.find(({ type }) => type === MESSAGE.layout)
  const layout = message && readLayout(message.open())
  if (layout?.kind !== 'contiguous' || layout.size !== bytes.length)
    throw new Error(`${file}, ${path}: not a dataset of ${bytes.length} contiguous bytes`)
  if (bytes.length > 0) writing(file, () => writeFully(fd, bytes, layout.address))
}
