/** Filters by the numbers that The HDF Group has given them. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'deflate',
  2: 'shuffle',
  3: 'fletcher32',
  4: 'szip',
  5: 'nbit',
  6: 'scaleoffset',
  305: 'lzo',
  307: 'bzip2',
  32000: 'lzf',
  32001: 'blosc',
  32002: 'mafisc',
  32003: 'snappy',
  32004: 'lz4',
  32008: 'bitshuffle',
  32013: 'zfp',
  32014: 'fpzip',
  32015: 'zstd',
  32017: 'sz',
  32018: 'fcidecomp',
  32019: 'jpeg',
  32026: 'blosc2',
}

/** Those that only the library undoes. */
export const LIBRARY_FILTERS: ReadonlySet<number> = new Set([4, 5, 6])

/** `bitshuffle (filter 32008)`; for one without a known name `filter 300`. @param stored its name as the file says. */
export function filterName(id: number, stored?: string): string {
  const name = NAMES[id] ?? (stored || undefined)
  return name === undefined ? `filter ${id}` : `${name} (filter ${id})`
}

/** The step that makes data readable, whatever they are compressed with. */
export const REPACK = 'Convert the file where its filter is installed: h5repack -f GZIP=1 in.h5 out.h5'
