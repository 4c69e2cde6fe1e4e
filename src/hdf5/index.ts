/**
 * The door to HDF5 files: what is outside this folder reads through it, and does not know whether the direct reader or the
 * library answers. New files are made by `create/`, which stands beside it.
 */
export { readAnyNumbers, readOrReason } from './any-numbers.js'
export {
  fillPattern,
  frameAddresses,
  type LocatedDataset,
  type LocatedElements,
  rowsNotWritten,
} from './direct/index.js'
export type { ElementType } from './element-type.js'
export type { Hdf5Dataset, Hdf5File } from './file.js'
export { readHdf5 } from './open.js'
export {
  decodedChunk,
  type FoundDataset,
  findDataset,
  holdsItself,
  locate,
  openDataset,
  type SlabReader,
} from './slabs.js'
export * from './values.js'
