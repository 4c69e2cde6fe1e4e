import type { ConstantsCache } from '../../../constants/cache/cache.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'

/** Why a run has no constants cache. */
export interface NoCache {
  readonly off: string
  /** The folder that was to hold one, where it cannot: a warning tells of it. */
  readonly folder?: string
}

/** What is said of a cache that could not be used: nothing of one that nobody wanted. */
export function noCacheProblems({ off, folder }: NoCache): Problem[] {
  if (folder === undefined) return []
  const message = `${off}. Constants are loaded from their files, which takes longer`
  return [{ check: 'constants_cache', severity: 'warning', message, place: { file: folder } }]
}

/** What the constants cache did for a run. */
export interface CacheReport {
  readonly folder: string
  /** Modules whose constants came from their pack. */
  readonly read: readonly ModuleIndex[]
  /** Modules whose constants were packed for the next time. */
  readonly kept: readonly ModuleIndex[]
  /** Why those of other modules were not. */
  readonly notes: readonly { readonly module: ModuleIndex; readonly message: string }[]
}

/** The constants cache of a run, and what became of it. */
export class CacheUse {
  readonly cache: ConstantsCache
  readonly #read: ModuleIndex[] = []
  readonly #kept: ModuleIndex[] = []
  readonly #notes: { module: ModuleIndex; message: string }[] = []
  readonly #problems: Problem[] = []

  constructor(cache: ConstantsCache) {
    this.cache = cache
  }

  read(module: ModuleIndex): void {
    this.#read.push(module)
  }

  kept(module: ModuleIndex): void {
    this.#kept.push(module)
  }

  note(module: ModuleIndex, message: string): void {
    this.#notes.push({ module, message })
  }

  /** Removes the pack `key`, which is not what its name says, and warns. */
  damaged(module: ModuleIndex, key: string, what: string): void {
    this.cache.remove(key)
    const message = `the pack ${key} in the constants cache is damaged: ${what}. It was removed and the constants loaded from their files`
    this.#problems.push({
      check: 'constants_pack_damaged',
      severity: 'warning',
      message,
      place: { file: this.cache.folder, module },
    })
  }

  get problems(): readonly Problem[] {
    return this.#problems
  }

  report(): CacheReport {
    const byNumber = (a: number, b: number): number => a - b
    return {
      folder: this.cache.folder,
      read: this.#read.sort(byNumber),
      kept: this.#kept.sort(byNumber),
      notes: this.#notes.sort((a, b) => a.module - b.module),
    }
  }
}
