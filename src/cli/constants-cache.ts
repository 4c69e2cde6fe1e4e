import { resolve } from 'node:path'
import { ConstantsCache } from '../../constants/cache/cache.js'
import { DEFAULT_CACHE_BYTES, defaultCacheFolder } from '../../constants/cache/folder.js'
import { parseBytes } from '../engine/plan/budget.js'
import type { NoCache } from '../engine/run/cache-use.js'
import { isDetcalError } from '../model/errors.js'
import type { MachineArguments } from './options.js'

/**
 * The constants cache according to the options. If the default folder cannot be used, only the cache is lost, not the
 * correction: constants then come from their files, as with `off`, and a warning says why.
 * @throws OutputError if a named folder cannot be used. @throws UsageError for an invalid size.
 */
export function openConstantsCache({
  constantsCache,
  constantsCacheSize,
}: Pick<MachineArguments, 'constantsCache' | 'constantsCacheSize'>): ConstantsCache | NoCache {
  const limit = constantsCacheSize === undefined ? DEFAULT_CACHE_BYTES : parseBytes(constantsCacheSize)
  if (constantsCache === 'off') return { off: 'as asked' }
  if (constantsCache !== undefined)
    return ConstantsCache.open({ folder: resolve(constantsCache), limit, stated: true })
  const folder = defaultCacheFolder()
  if (folder === undefined) return { off: '/var/tmp is in memory' }
  try {
    return ConstantsCache.open({ folder, limit, stated: false })
  } catch (error) {
    if (!isDetcalError(error, 'output')) throw error
    return { off: error.message, folder }
  }
}
