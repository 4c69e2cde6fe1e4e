import { DTYPE_BYTES } from '../../model/dtypes.js'
import { DataError } from '../../model/errors.js'
import { readChunkIndex } from './chunk-index.js'
import { ChunkTable } from './chunk-table.js'
import { readElementType, type StoredType } from './datatype.js'
import { Unsupported } from './errors.js'
import { readExternalStorage } from './external-storage.js'
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
import { type Found, follow } from './paths.js'
import { notThere, wholePiece, withSource } from './source-file.js'
import { readSuperblock } from './superblock.js'
import type { Filter, LocatedDataset, LocatedElements, Storage } from './types.js'
import { type FindSource, readVirtual, type Source } from './virtual.js'

/**
 * Finds the dataset `path` (`INSTRUMENT/…/image/data`, groups separated by slashes) in the open file `fd` and reads
 * where its elements lie. `file` is for messages.
 * @throws DataError if the file is damaged or has no such dataset.
 * @throws Unsupported if the file uses what the direct reader does not know: fall back to the library.
 */
export function locateDataset(fd: number, path: string, file: string): LocatedDataset {
  const view = new FileView(fd, file, path)
  return locateIn(view, path) ?? nothingAt(view, path)
}

/** Undefined: there is no such dataset. */
function locateIn(view: FileView, path: string): LocatedDataset | undefined {
  const found = objectAt(view, path)
  if ('missing' in found) return undefined
  if ('address' in found) return describe(view, path, readObjectHeader(view, found.address))
  return throughLink(view, path, found)
}

function objectAt(view: FileView, path: string): Found {
  return follow(view, readSuperblock(view).root, path, (group, name) =>
    findLink(view, readObjectHeader(view, group), name),
  )
}

/** What an external link leads to, as one piece. */
function throughLink(view: FileView, path: string, { file, target, rest }: LinkedElsewhere): LocatedDataset {
  const inSource = rest === '' ? target : `${target}/${rest}`
  return withSource(view, file, 'external link', source => {
    const located = locateIn(source, inSource)
    if (located === undefined)
      throw notThere(view, `external link: there is no ${inSource} in ${source.file}`)
    return { ...located, path, storage: { kind: 'elsewhere', pieces: [wholePiece(located, source.file)] } }
  })
}

/** The object header that `path` leads to from the root group, soft links followed, in this file. */
export function findObject(view: FileView, path: string): ObjectHeader {
  const found = objectAt(view, path)
  if ('address' in found) return readObjectHeader(view, found.address)
  if ('file' in found) throw new Unsupported('external links')
  return nothingAt(view, path)
}

function nothingAt(view: FileView, path: string): never {
  const found = objectAt(view, path)
  throw new DataError(
    `no such dataset, ${JSON.stringify('missing' in found ? found.missing : path)} is missing`,
    {
      place: { file: view.file, dataset: path },
      hint: 'List what the file holds with h5ls -r',
    },
  )
}

type LinkedElsewhere = Extract<Found, { file: string }>

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
  if (dataspace === undefined || find(MESSAGE.layout) === undefined) throw view.damaged('it is not a dataset')
  const space = readDataspace(dataspace.open())
  if (!Number.isSafeInteger(space.shape.reduce((product, size) => product * size, elementBytes))) {
    throw view.damaged('it claims more bytes than can be counted')
  }
  const filters = find(MESSAGE.filters)
  const { storage, shape } = storageOf(
    view,
    header,
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
  const located = { path, shape, maxShape: space.maxShape, elementBytes, storage }
  return fillValue === undefined ? located : { ...located, fillValue }
}

/** Where the elements lie, and the shape: that of an unlimited virtual dataset is what its sources make it. */
function storageOf(
  view: FileView,
  header: ObjectHeader,
  space: Dataspace,
  elementBytes: number,
  filters: readonly Filter[],
): { readonly storage: Storage; readonly shape: readonly number[] } {
  const { shape } = space
  const outside = messageOf(header, MESSAGE.externalFiles)
  if (outside !== undefined) {
    const pieces = readExternalStorage(view, outside.open(), shape, elementBytes)
    return { storage: { kind: 'elsewhere', pieces }, shape }
  }
  const layout = readLayout(requireMessage(view, header, MESSAGE.layout).open())
  if (layout.kind !== 'virtual')
    return { storage: storedHere(view, layout, space, elementBytes, filters), shape }
  const find = sourceFinder(view, header)
  const { pieces, shape: whole } = readVirtual(view, layout.heap, layout.index, shape, find)
  return { storage: { kind: 'elsewhere', pieces }, shape: whole }
}

/** Finds sources of a virtual dataset, each once; they must be of its type. */
function sourceFinder(view: FileView, header: ObjectHeader): FindSource {
  const type = readElementType(requireMessage(view, header, MESSAGE.datatype).open())
  const known = new Map<string, Source>()
  return (name, dataset) => {
    const key = `${name}\0${dataset}`
    const found =
      known.get(key) ??
      withSource(view, name, 'virtual dataset', source => {
        const located = elementsIn(source, dataset, type)
        if (located === undefined)
          throw notThere(view, `virtual dataset: there is no ${dataset} in its source ${source.file}`)
        return { file: source.file, located }
      })
    known.set(key, found)
    return found
  }
}

/** A dataset's elements, if it is there, which must be of `type`: HDF5 would convert them. */
function elementsIn(view: FileView, path: string, type: StoredType): LocatedElements | undefined {
  const found = objectAt(view, path)
  if ('missing' in found) return undefined
  if ('file' in found)
    return withSource(view, found.file, 'external link', source => {
      const located = elementsIn(source, [found.target, found.rest].join('/'), type)
      const storage = located && { kind: 'elsewhere' as const, pieces: [wholePiece(located, source.file)] }
      return located && storage && { ...located, path, storage }
    })
  const header = readObjectHeader(view, found.address)
  const own = readElementType(requireMessage(view, header, MESSAGE.datatype).open())
  if (JSON.stringify(own) !== JSON.stringify(type)) throw new Unsupported('virtual datasets of another type')
  return locateElements(view, path, header, own.bytes)
}

function requireMessage(view: FileView, header: ObjectHeader, type: number): Message {
  const message = messageOf(header, type)
  if (message === undefined) throw view.damaged('it is not a dataset')
  return message
}

function storedHere(
  view: FileView,
  layout: Exclude<Layout, { kind: 'virtual' }>,
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
      table.requireApart()
      const { addresses, sizes, filterMasks } = table
      return { kind: 'chunked', chunkShape, filters, addresses, sizes, filterMasks }
    }
  }
}
