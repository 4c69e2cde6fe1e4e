import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from '../../files/folders.js'
import { createOnce } from '../../files/names.js'

const TAG = /^[0-9a-f]{8}$/

/**
 * What the jobs of a queue are known by in Slurm, where other services may share the account. It is drawn once and stays in the
 * folder of the requests, so that a service that is started again finds the jobs of the one before.
 * @param folder of all requests of a queue, which is made if there is none.
 */
export function queueTag(folder: string): string {
  makeFolders(folder)
  const path = join(folder, 'slurm-tag')
  for (;;) {
    const known = readTag(path)
    if (known !== undefined) return known
    // A power failure may have left it empty.
    rmSync(path, { force: true })
    createOnce(path, randomBytes(4).toString('hex'))
  }
}

function readTag(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return TAG.test(text) ? text : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
