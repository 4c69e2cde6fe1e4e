import { createHash } from 'node:crypto'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'

/** Identifies the content of a file. */
export interface Content {
  readonly size: number
  readonly sha256: string
}

/** Size and SHA-256 of a file, read as a stream. */
export async function contentOf(path: string): Promise<Content> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), async chunks => {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      hash.update(chunk)
      size += chunk.length
    }
  })
  return { size, sha256: hash.digest('hex') }
}

/** Synchronous variant of {@link contentOf} for workers. */
export function contentOfSync(path: string): Content {
  const hash = createHash('sha256')
  const piece = new Uint8Array(2 ** 20)
  const fd = openSync(path, 'r')
  try {
    let size = 0
    for (let bytes = 1; bytes > 0; size += bytes) {
      bytes = readSync(fd, piece, 0, piece.length, size)
      hash.update(piece.subarray(0, bytes))
    }
    return { size, sha256: hash.digest('hex') }
  } finally {
    closeSync(fd)
  }
}
