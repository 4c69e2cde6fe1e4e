import { statfsSync } from 'node:fs'
import { OutputError } from '../model/errors.js'
import { isUnsupported } from './errors.js'

/**
 * @param hint what to do about it.
 * @throws OutputError if the file system of `folder` reports that it has less than `bytes` free.
 */
export function requireFree(
  folder: string,
  bytes: number,
  hint = 'Free space, select fewer modules or trains, or choose another folder',
): void {
  const free = freeBytes(folder)
  if (free !== undefined && free < bytes)
    throw new OutputError(`needs ${gib(bytes)} and has ${gib(free)} free`, { place: { file: folder }, hint })
}

/** Undefined where the file system does not report it: some that a program provides (FUSE) do not know their own size. */
export function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(folder)
    return blocks === 0 ? undefined : bavail * bsize
  } catch (error) {
    if (isUnsupported(error)) return undefined
    throw error
  }
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`
}
