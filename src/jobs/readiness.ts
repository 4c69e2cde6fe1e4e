import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readMarker } from './marker.js'
import type { QueuedRequest } from './queued.js'
import type { RunFolders } from './run-key.js'
import type { RequestState } from './states.js'

/** What a request waits for, or that its run is ready. */
export type Readiness = 'ready' | { readonly state: RequestState; readonly reason: string }

/** Tells whether runs are complete: by their markers, or because their files have stopped changing. */
export class RunReadiness {
  /** How long files must have stayed as they are, ms. */
  readonly #settle: number
  /** By raw folder, the files as they were last, and since when they are so. */
  readonly #seen = new Map<string, { readonly files: string; readonly since: number }>()

  constructor(settleMs: number) {
    this.#settle = settleMs
  }

  of(request: Pick<QueuedRequest, 'quality'>, { raw }: RunFolders, now = Date.now()): Readiness {
    if (request.quality === '') return { state: 'waiting-for-quality', reason: 'nobody has judged the run' }
    if (!existsSync(raw)) return { state: 'waiting-for-migration', reason: `${raw} is not there` }
    const marker = readMarker(raw)
    if (marker?.damage !== undefined) return { state: 'waiting-for-files', reason: marker.damage }
    if (marker !== undefined) return 'ready'
    const files = listOf(raw)
    const last = this.#seen.get(raw)
    if (files !== '' && last?.files === files && now - last.since >= this.#settle) {
      this.#seen.delete(raw)
      return 'ready'
    }
    if (last?.files !== files) this.#seen.set(raw, { files, since: now })
    return {
      state: 'waiting-for-files',
      reason:
        files === ''
          ? `${raw} has no data files`
          : 'no marker says that the run is complete, and its files are new',
    }
  }
}

/** Names, sizes and times of change of a folder's data files. */
function listOf(raw: string): string {
  return readdirSync(raw)
    .filter(name => name.endsWith('.h5'))
    .sort()
    .map(name => {
      const info = statSync(join(raw, name), { throwIfNoEntry: false })
      return `${name} ${info?.size} ${info?.mtimeMs}`
    })
    .join('\n')
}
