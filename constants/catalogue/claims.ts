import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { foldersIn, sweepLeftovers } from '../../src/files/leftovers.js'
import { nameOnce } from '../../src/files/names.js'
import { deadPartsIn, finalOf, partOf } from '../../src/files/parts.js'

/** What tells a file from another that somebody puts under its name. */
const CLAIM = v.object({ size: v.number(), mtimeMs: v.number() })

/** A file of the store that has its name before the catalogue knows it. */
export interface ClaimedFile {
  /** To be called once the catalogue knows it, or once it is removed. */
  settle(): void
}

/**
 * Gives `from` the name `to` in the store unless that is taken. Until it is settled, a claim lies beside it, so that the file
 * is not left for ever if the process dies before its transaction ends: nothing but the claim tells it from one
 * that the user put there to be imported.
 * @returns undefined if the name is taken. @throws the system's error; neither claim nor name are there then.
 */
export function claimName(from: string, to: string): ClaimedFile | undefined {
  const claim = partOf(join(dirname(to), `${CLAIMED}${basename(to)}`))
  const settle = () => rmSync(claim, { force: true })
  const { size, mtimeMs } = statSync(from)
  try {
    writeFileSync(claim, JSON.stringify({ size, mtimeMs }))
    if (nameOnce(from, to)) return { settle }
  } catch (error) {
    settle()
    throw error
  }
  settle()
  return undefined
}

const CLAIMED = '.claim-'

/**
 * Removes what dead processes left in a catalogue: parts, and files that were named but never entered.
 * @param isEntered whether the catalogue has constants of a file, relative to `root` with forward slashes.
 */
export function sweepCatalogue(root: string, isEntered: (file: string) => boolean): void {
  const store = ['xfel', 'cal']
  for (const type of foldersIn(join(root, ...store)))
    for (const pdu of foldersIn(join(root, ...store, type))) {
      const folder = join(root, ...store, type, pdu)
      for (const claim of deadPartsIn(folder).filter(name => name.startsWith(CLAIMED))) {
        const name = finalOf(claim).slice(CLAIMED.length)
        if (!isEntered([...store, type, pdu, name].join('/')))
          removeClaimed(join(folder, name), join(folder, claim))
      }
      sweepLeftovers(folder)
    }
  sweepLeftovers(root)
}

/** Removes `file` if it is the one that was claimed, or holds only the place of it. */
function removeClaimed(file: string, claim: string): void {
  const there = statSync(file, { throwIfNoEntry: false })
  if (there === undefined) return
  const claimed = v.safeParse(CLAIM, parsed(readFileSync(claim, 'utf8')))
  const isIt =
    claimed.success && claimed.output.size === there.size && claimed.output.mtimeMs === there.mtimeMs
  if (isIt || there.size === 0) rmSync(file, { force: true })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
