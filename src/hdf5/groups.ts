import type { File } from './library.js'

/** Groups of a file that is being written: those made here hold nothing but what is made here. */
const groupsOf = new WeakMap<File, Map<string, 'made' | 'found'>>()

/** A file that has nothing in it yet: no group of it needs to be looked for. */
export function beginGroups(file: File): void {
  groupsOf.set(file, new Map([['/', 'made']]))
}

/**
 * Creates the groups of `path` that are not there yet: the library creates no parents by itself. Each is looked for
 * once, since asking the library costs as much as writing a small dataset.
 */
export function requireGroup(file: File, path: string): void {
  const known = groupsOf.get(file) ?? new Map<string, 'made' | 'found'>([['/', 'found']])
  groupsOf.set(file, known)
  let parent = '/'
  for (const name of path.split('/').filter(Boolean)) {
    const at = parent === '/' ? name : `${parent}/${name}`
    if (!known.has(at)) {
      const there = known.get(parent) === 'found' && holds(file, parent, name)
      if (!there) unseen(file).create_group(at)
      known.set(at, there ? 'found' : 'made')
    }
    parent = at
  }
}

/** `file`, but what it creates is not looked up again, which takes as long as creating it. */
export function unseen(file: File): File {
  return Object.create(file, { get: { value: () => null } }) as File
}

/** Asked of the group: asking for a missing object throws, since the library's error handler is on. */
function holds(file: File, group: string, name: string): boolean {
  return (file.get(group) as File).keys().includes(name)
}
