import { closeSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Unsupported } from './errors.js'
import type { Cursor, FileView } from './file-view.js'
import { readNames, stringAt } from './groups.js'
import { identityOf, notThere } from './source-file.js'
import type { Piece } from './types.js'

/**
 * The pieces of a dataset whose bytes lie in files that are no HDF5, one behind the other. HDF5 takes relative names from
 * the working directory.
 * @throws Unreadable if one is not there or too short. @throws Unsupported if they are not cut between rows.
 */
export function readExternalStorage(
  view: FileView,
  body: Cursor,
  shape: readonly number[],
  elementBytes: number,
): Piece[] {
  body.version(1)
  body.skip(3 + 2) // reserved, slots allocated
  const slots = body.u16()
  const names = readNames(view, body.address())
  const [rows = 1, ...rest] = shape
  const rowBytes = rest.reduce((product, length) => product * length, elementBytes)
  const pieces: Piece[] = []
  let row = 0
  for (let i = 0; i < slots && row < rows; i++) {
    const name = stringAt(names, body.u64()).toString('utf8')
    const offset = body.u64()
    const room = body.u64()
    const left = (rows - row) * rowBytes
    if (room < left && room % rowBytes !== 0)
      throw new Unsupported('external storage that is cut within rows')
    const bytes = Math.min(room, left)
    const count = bytes / rowBytes
    if (count === 0) continue
    const file = resolve(name)
    const size = sizeOf(view, file, name)
    if (size < offset + bytes)
      throw notThere(view, `external storage: its file ${name} has ${size} bytes of ${offset + bytes}`)
    const box = [count, ...rest].slice(0, shape.length)
    const storage = { kind: 'contiguous', address: offset } as const
    pieces.push({
      ...identityOf(file),
      located: { path: name, shape: box, maxShape: box, elementBytes, storage },
      target: shape.map((_, d) => (d === 0 ? row : 0)),
      count: box,
      source: shape.map(() => 0),
      axes: shape.map((_, d) => d),
    })
    row += count
  }
  if (row < rows && rowBytes > 0) throw view.damaged('its external files do not hold all of it')
  return pieces
}

/** Size of a file that can be read. */
function sizeOf(view: FileView, file: string, name: string): number {
  try {
    closeSync(openSync(file, 'r'))
    return statSync(file).size
  } catch {
    throw notThere(view, `external storage: its file ${name} is not there`)
  }
}
