import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A new name beside `path`, under which a file is written until it is whole. It does not end in `.h5`: readers that open
 * every such file of a folder must not find it. It is random, because hosts that share a folder may have equal pids.
 */
export function partOf(path: string): string {
  return `${path}.${randomBytes(4).toString('hex')}.part-${process.pid}`
}

/** The path that {@link partOf} was asked for, or `path` itself if it is not a part. */
export function finalOf(path: string): string {
  return path.replace(/(\.[0-9a-f]{8}\.part-\d+)+$/, '')
}

/** Whether a name is that of a part, of this version or of one that gave parts no pid. */
export function isPart(name: string): boolean {
  return /\.part(-\d+)?$/.test(name)
}

/** Removes the parts that process `pid` left in a folder: of all files, or of those whose names begin with `of`. */
export function removeParts(folder: string, pid: number, of = ''): void {
  for (const name of readdirSync(folder))
    if (name.startsWith(of) && name.endsWith(`.part-${pid}`)) rmSync(join(folder, name), { force: true })
}
