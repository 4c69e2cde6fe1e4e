import { readSync, readv, writeSync, writevSync } from 'node:fs'

// The system may transfer less than it was asked for: these go on until all is done.

/** Largest read that one system call takes. */
const MAX_READ = 2 ** 30

/**
 * Reads `length` bytes from byte `position` of a file into `out`, from its byte `offset` on.
 * @returns how many were read: fewer only where the file ends. @throws the system's error
 */
export function readFully(
  fd: number,
  out: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  let done = 0
  while (done < length) {
    const read = readSync(fd, out, offset + done, Math.min(length - done, MAX_READ), position + done)
    if (read === 0) break
    done += read
  }
  return done
}

/**
 * Reads from byte `position` of a file into several pieces, one behind the other, while other work goes on.
 * @returns how many bytes were read: fewer than the pieces have only where the file ends. @throws the system's error
 */
export async function readvFully(
  fd: number,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<number> {
  let left = pieces.filter(piece => piece.byteLength > 0)
  let done = 0
  while (left.length > 0) {
    // The system takes so many pieces at once.
    const read = await readOnce(fd, left.slice(0, MOST_PIECES), position + done)
    if (read === 0) break
    done += read
    left = withoutFirst(left, read)
  }
  return done
}

/** Pieces of one read: IOV_MAX of Linux. */
const MOST_PIECES = 1024

function readOnce(fd: number, pieces: Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    readv(fd, pieces, position, (error, read) => (error ? reject(error) : resolve(read))),
  )
}

/** Writes all of `bytes` to byte `position` of a file. @throws the system's error */
export function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += atLeastOne(writeSync(fd, bytes, done, bytes.length - done, position + done))
}

/** Writes all of several pieces, one behind the other from byte `position` on. @throws the system's error */
export function writevFully(fd: number, pieces: readonly Uint8Array[], position: number): void {
  let left = pieces.filter(piece => piece.byteLength > 0)
  for (let at = position; left.length > 0; ) {
    const written = atLeastOne(writevSync(fd, left, at))
    at += written
    left = withoutFirst(left, written)
  }
}

/** A nearly full disk takes a part, then nothing, before it refuses. */
function atLeastOne(written: number): number {
  if (written === 0) throw Object.assign(new Error('ENOSPC: nothing was written'), { code: 'ENOSPC' })
  return written
}

function withoutFirst(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = []
  let skip = bytes
  for (const piece of pieces) {
    if (skip < piece.byteLength) left.push(piece.subarray(skip))
    skip = Math.max(0, skip - piece.byteLength)
  }
  return left
}
