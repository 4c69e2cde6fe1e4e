import type { FileView } from './file-view.js'
import type { ExternalLink, KnownLink } from './groups.js'

/** As many soft links as the library follows. */
const MAX_SOFT_LINKS = 16

/** Names on the way to an object. */
function namesOf(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.')
}

/** An object's address, or the name that is missing, or what is left of the path behind an external link. */
export type Found =
  | { readonly address: number }
  | { readonly missing: string }
  | (ExternalLink & { readonly rest: string })

/**
 * The address that `path` leads to from the group at `root`, soft links followed, up to an external link.
 * @param linkIn looks a name up in the group at an address.
 * @throws DataError if soft links lead in circles.
 */
export function follow(
  view: FileView,
  root: number,
  path: string,
  linkIn: (group: number, name: string) => KnownLink | ExternalLink | undefined,
): Found {
  const pending = namesOf(path)
  let address = root
  for (let links = 0; pending.length > 0; ) {
    const name = pending.shift() ?? ''
    const link = linkIn(address, name)
    if (link === undefined) return { missing: name }
    if ('address' in link) {
      address = link.address
      continue
    }
    if ('file' in link) return { ...link, rest: pending.join('/') }
    if (++links > MAX_SOFT_LINKS) throw view.damaged('too many soft links')
    // A path relative to the group that holds the link, or from the root.
    if (link.target.startsWith('/')) address = root
    pending.unshift(...namesOf(link.target))
  }
  return { address }
}
