export { Unreadable, Unsupported } from './errors.js'
export { frameAddresses } from './frame-addresses.js'
export { locateDataset } from './locate.js'
export { fillPattern, readSlab } from './read-slab.js'
export { DirectFile } from './tree.js'
export type { ChunkedStorage, Filter, LocatedDataset, Storage } from './types.js'
export {
  consecutive,
  type Declared,
  findDeclared,
  setEndOfFile,
  type WrittenChunks,
  writeChunkIndex,
} from './write-chunks.js'
export { rowsNotWritten } from './written.js'
