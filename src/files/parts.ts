import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isGone } from './processes.js'

/** Tells the hosts that share a folder apart, whose pids may be equal. */
const HOST = hostTag(hostname())

function hostTag(host: string): string {
  return createHash('sha256').update(host).digest('hex').slice(0, 8)
}

/**
 * A new name beside `path`, under which a file is written until it is whole. It does not end in `.h5`: readers that open
 * every such file of a folder must not find it. It says whose it is, host and process, so that what a dead process left is
 * told from what a living one writes.
 */
export function partOf(path: string): string {
  return `${path}.${HOST}${randomBytes(4).toString('hex')}.part-${process.pid}`
}

/** The path that {@link partOf} was asked for, or `path` itself if it is not a part. */
export function finalOf(path: string): string {
  return path.replace(/(\.(?:[0-9a-f]{8}){1,2}\.part-\d+)+$/, '')
}

/** Whether a name is that of a part, of this version or of one that gave parts no pid. */
export function isPart(name: string): boolean {
  return /\.part(-\d+)?$/.test(name)
}

/** Removes the parts that a process left in a folder: of all files, or of those whose names begin with `of`. */
export function removeParts(
  folder: string,
  { pid, host }: { readonly pid: number; readonly host: string },
  of = '',
): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(of) || !name.endsWith(`.part-${pid}`)) continue
    // Parts of an earlier version do not name the host.
    const tag = /\.([0-9a-f]{8})[0-9a-f]{8}\.part-\d+$/.exec(name)?.[1]
    if (tag === undefined || tag === hostTag(host)) rmSync(join(folder, name), { force: true })
  }
}

/** Removes a part that is given up. What keeps it from being removed is not what the user must hear of: the next one sweeps it. */
export function removePart(part: string): void {
  try {
    rmSync(part, { force: true })
  } catch {
    // A name that is too long was never there; a disk that fails has been reported.
  }
}

/** Names in `folder` of parts, files and folders, whose process of this host is gone. */
export function deadPartsIn(folder: string): string[] {
  return readdirSync(folder).filter(name => {
    const [, host, pid] = /\.([0-9a-f]{8})[0-9a-f]{8}\.part-(\d+)$/.exec(name) ?? []
    return host === HOST && isGone(Number(pid))
  })
}
