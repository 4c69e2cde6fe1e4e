import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from '../src/files/folders.js'
import { buildVersion } from '../src/files/version.js'

/** Has `make` fill `folder`, unless an earlier benchmark of this very build did: another build may make other data. */
export async function kept(folder: string, make: () => Promise<void>): Promise<void> {
  const complete = join(folder, 'complete')
  if (textOf(complete) === buildVersion()) return
  rmSync(folder, { recursive: true, force: true })
  makeFolders(folder)
  await make()
  writeFileSync(complete, buildVersion())
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
