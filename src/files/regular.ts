import { type Stats, statSync } from 'node:fs'

/** What a name stands for that is no file, for messages: opening a pipe would never return, deaf to every signal. */
export function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder'
  if (found.isFIFO()) return 'a pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}

/** `is a pipe, not a file`, of what `path` leads to; undefined: it is a file, or not there. */
export function notAFile(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined || found.isFile() ? undefined : `is ${kindOf(found)}, not a file`
}
