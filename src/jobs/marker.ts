import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { MARKER_NAME, QUALITIES, type Quality } from './run-key.js'

const MARKER = v.object({ quality: v.optional(v.picklist(QUALITIES)) })
const MOST_BYTES = 4096

/** What a run's marker says: that the run is complete, and how good it is. */
export interface MigrationMarker {
  readonly quality?: Quality
  /** Set if it cannot be understood: it may be half written. */
  readonly damage?: string
}

/** Reads the marker in a run's raw folder; undefined: there is none. Links are not followed. */
export function readMarker(raw: string): MigrationMarker | undefined {
  try {
    const { quality } = v.parse(MARKER, JSON.parse(plainText(join(raw, MARKER_NAME))))
    return quality === undefined ? {} : { quality }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? undefined
      : { damage: `${MARKER_NAME}: ${(error as Error).message}` }
  }
}

function plainText(path: string): string {
  // Not blocked by a pipe of that name.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is not a file')
    const bytes = Buffer.alloc(MOST_BYTES + 1)
    const read = readSync(fd, bytes, 0, bytes.length, 0)
    if (read > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`)
    return bytes.toString('utf8', 0, read)
  } finally {
    closeSync(fd)
  }
}
