import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import * as v from 'valibot'
import { UsageError } from '../model/errors.js'

/** How good the data manager finds a run: bad ones are not calibrated. */
export const QUALITIES = ['good', 'unclear', 'bad'] as const
export type Quality = (typeof QUALITIES)[number]

/** What names a run at the facility. Nothing in it can be anything but the name of a folder. */
export const RUN_FIELDS = {
  instrument: v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9]{1,7}$/, 'it is no instrument, such as SPB')),
  cycle: v.pipe(v.string(), v.regex(/^20\d{4}$/, 'it is no cycle, such as 202601')),
  proposal: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(999_999)),
  run: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9999)),
}

const RUN = v.object(RUN_FIELDS)
export type RunKey = v.InferOutput<typeof RUN>

/** Folders of a run in the proposal tree. */
export interface RunFolders {
  readonly raw: string
  readonly proc: string
}

/** The name of the marker that completes a run, in its raw folder. */
export const MARKER_NAME = 'migration_complete.json'

/**
 * `<root>/<INSTRUMENT>/<cycle>/p<NNNNNN>/{raw,proc}/r<NNNN>`, whether or not they are there.
 * @throws UsageError if one of them, links followed, is not below the root.
 */
export function runFolders(root: string, { instrument, cycle, proposal, run }: RunKey): RunFolders {
  const folder = join(resolve(root), instrument, cycle, `p${String(proposal).padStart(6, '0')}`)
  const name = `r${String(run).padStart(4, '0')}`
  const folders = { raw: join(folder, 'raw', name), proc: join(folder, 'proc', name) }
  for (const path of Object.values(folders)) requireBelow(root, path)
  return folders
}

/** @throws UsageError if `path`, links followed as far as it exists, is not below `root`. */
export function requireBelow(root: string, path: string): void {
  const real = realPath(path)
  if (real.startsWith(`${realpathSync(root)}${sep}`)) return
  throw new UsageError('leads out of the proposal tree by a link', {
    place: { file: path },
    hint: 'Name a --root that has what it leads to',
  })
}

function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  // A link to what is not there would lead out as soon as it is.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return ''
  const parent = dirname(path)
  return parent === path ? path : join(realPath(parent), basename(path))
}

/** `SPB p900900 r0001`. */
export function runText({ instrument, proposal, run }: RunKey): string {
  return `${instrument} p${String(proposal).padStart(6, '0')} r${String(run).padStart(4, '0')}`
}
