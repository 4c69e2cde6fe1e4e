import { writing } from '../../files/errors.js'
import { writeFully } from '../../files/read-write.js'
import { FileView } from '../direct/file-view.js'
import { readLayout } from '../direct/layout.js'
import { findObject } from '../direct/locate.js'
import { readDataspace } from '../direct/messages.js'
import { MESSAGE } from '../direct/object-header.js'

/**
 * Replaces the elements of a dataset without chunks that `NewFile` made, once they are known: `bytes` are all of them.
 * @throws Error if it is not such a dataset, or of another size: a mistake of the caller.
 * @throws OutputError if the file cannot be written.
 */
export function writeLate(fd: number, path: string, bytes: Uint8Array, file: string): void {
  const { address, size } = contiguous(fd, path, file)
  if (size !== bytes.length)
    throw new Error(`${file}, ${path}: not a dataset of ${bytes.length} contiguous bytes`)
  if (bytes.length > 0) writing(file, () => writeFully(fd, bytes, address))
}

/**
 * Gives a list of no elements that `NewFile` made, without chunks, its length and the byte of the file where its elements
 * are. @throws Error if it is not such a list: a mistake of the caller. @throws OutputError if the file cannot be written.
 */
export function placeLate(
  fd: number,
  path: string,
  {
    rows,
    elementBytes,
    address,
  }: { readonly rows: number; readonly elementBytes: number; readonly address: number },
  file: string,
): void {
  const { dataspace, layout, shape, size } = contiguous(fd, path, file)
  if (shape.length !== 1 || shape[0] !== 0 || size !== 0)
    throw new Error(`${file}, ${path}: not a list without elements`)
  if (rows === 0) return
  writing(file, () => {
    // Behind version, rank, flags and five zeros: length and largest length.
    writeFully(fd, words(rows, rows), dataspace + 8)
    // Behind version and class: address and bytes.
    writeFully(fd, words(address, rows * elementBytes), layout + 2)
  })
}

/** Where the messages of a dataset without chunks are, and what they say. */
function contiguous(fd: number, path: string, file: string) {
  const view = new FileView(fd, file, path)
  const header = findObject(view, path)
  const [dataspace, layout] = [MESSAGE.dataspace, MESSAGE.layout].map(kind =>
    header.messages.find(({ type }) => type === kind),
  )
  const told = layout && readLayout(layout.open())
  // Headers of version 2 carry a checksum; `NewFile` makes none.
  if (header.version !== 1 || dataspace === undefined || layout === undefined || told?.kind !== 'contiguous')
    throw new Error(`${file}, ${path}: not a new dataset without chunks`)
  const { shape } = readDataspace(dataspace.open())
  return {
    dataspace: dataspace.address,
    layout: layout.address,
    shape,
    size: told.size,
    address: told.address,
  }
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer)
}
