import { DTYPE_BYTES } from '../../model/dtypes.js'
import { DataError } from '../../model/errors.js'
import { readChunkIndex } from './chunk-index.js'
import { ChunkTable } from './chunk-table.js'
import { Unsupported } from './errors.js'
import { FileView } from './file-view.js'
import { findLink } from './groups.js'
import { type Layout, readLayout } from './layout.js'
import {
  type Dataspace,
  readDataspace,
  readDatatype,
  readFillValue,
  readFilters,
  readOldFillValue,
} from './messages.js'
import { MESSAGE, type Message, type ObjectHeader, readObjectHeader } from './object-header.js'
import { follow } from './paths.js'
import { readSuperblock } from './superblock.js'
import type { Filter, LocatedDataset, LocatedElements, Storage } from './types.js'

/**
 * Finds the dataset `path` (`INSTRUMENT/…/image/data`, groups separated by slashes) in the open file `fd` and reads
 * where its elements lie. `file` is for messages.
 * @throws DataError if the file is damaged or has no such dataset.
 * @throws Unsupported if the file uses what the direct reader does not know: fall back to the library.
 */
export function locateDataset(fd: number, path: string, file: string): LocatedDataset {
  const view = new FileView(fd, file, path)
  return describe(view, path, findObject(view, path))
}

/** The object header that `path` leads to from the root group, soft links followed. */
export function findObject(view: FileView, path: string): ObjectHeader {
  const found = follow(view, readSuperblock(view).root, path, (group, name) =>
    findLink(view, readObjectHeader(view, group), name),
  )
  if ('address' in found) return readObjectHeader(view, found.address)
  throw new DataError(`no such dataset, ${JSON.stringify(found.missing)} is missing`, {
    place: { file: view.file, dataset: path },
    hint: 'List what the file holds with h5ls -r',
  })
}

function describe(view: FileView, path: string, header: ObjectHeader): LocatedDataset {
  const datatype = messageOf(header, MESSAGE.datatype)
  if (datatype === undefined) throw view.damaged('it is not a dataset')
  const dtype = readDatatype(datatype.open())
  return { ...locateElements(view, path, header, DTYPE_BYTES[dtype]), dtype }
}

/** The first message of a type. */
export function messageOf(header: ObjectHeader, type: number): Message | undefined {
  return header.messages.find(message => message.type === type)
}

/** Where elements of so many bytes lie, whatever they are. @throws as {@link locateDataset} does. */
export function locateElements(
  view: FileView,
  path: string,
  header: ObjectHeader,
  elementBytes: number,
): LocatedElements {
  const find = (type: number) => messageOf(header, type)
  const dataspace = find(MESSAGE.dataspace)
  const layout = find(MESSAGE.layout)
  if (dataspace === undefined || layout === undefined) throw view.damaged('it is not a dataset')
  if (find(MESSAGE.externalFiles)) throw new Unsupported('external storage')
  const space = readDataspace(dataspace.open())
  if (!Number.isSafeInteger(space.shape.reduce((product, size) => product * size, elementBytes))) {
    throw view.damaged('it claims more bytes than can be counted')
  }
  const filters = find(MESSAGE.filters)
  const storage = storageOf(
    view,
    readLayout(layout.open()),
    space,
    elementBytes,
    filters === undefined ? [] : readFilters(filters.open()),
  )
  const fill = find(MESSAGE.fillValue)
  const oldFill = find(MESSAGE.oldFillValue)
  const fillValue =
    fill !== undefined
      ? readFillValue(fill.open(), elementBytes)
      : oldFill && readOldFillValue(oldFill.open(), elementBytes)
  const { shape, maxShape } = space
  const located = { path, shape, maxShape, elementBytes, storage }
  return fillValue === undefined ? located : { ...located, fillValue }
}

function storageOf(
  view: FileView,
  layout: Layout,
  { shape, maxShape }: Dataspace,
  elementBytes: number,
  filters: readonly Filter[],
): Storage {
  const bytes = shape.reduce((product, size) => product * size, elementBytes)
  switch (layout.kind) {
    case 'compact':
      if (layout.data.length !== bytes)
        throw view.damaged(`${layout.data.length} bytes where ${bytes} are due`)
      return layout
    case 'contiguous': {
      const { address, size } = layout
      if (address < 0) return { kind: 'contiguous', address: -1 }
      if (size < bytes || address + bytes > view.size) throw view.damaged('its elements lie outside the file')
      return { kind: 'contiguous', address }
    }
    case 'chunked': {
      const { chunkShape, index } = layout
      if (layout.elementBytes !== elementBytes || chunkShape.length !== shape.length) {
        throw view.damaged('its chunks do not fit its shape and type')
      }
      if (layout.partialUnfiltered && filters.length > 0) throw new Unsupported('unfiltered partial chunks')
      const table = new ChunkTable(view, shape, maxShape, chunkShape, elementBytes, filters.length > 0)
      readChunkIndex(index, table)
      const { addresses, sizes, filterMasks } = table
      return { kind: 'chunked', chunkShape, filters, addresses, sizes, filterMasks }
    }
  }
}
