import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { OutputError, UsageError } from '../../model/errors.js'
import { refuseForeign } from '../../sinks/combined/combined-file.js'
import type { OutputRequest } from '../plan/plan.js'
import type { CheckedRequest } from './request.js'

/**
 * Where results go, as absolute paths.
 * @throws UsageError if nothing would be written, or if readers would confuse the run and the result. @throws
 * OutputError if the combined file cannot be created at its path.
 */
export function outputOf({
  run,
  out,
  combined,
  corrected,
}: Pick<CheckedRequest, 'run' | 'out' | 'combined' | 'corrected'>): OutputRequest {
  const folder = resolve(out)
  refuseRawFolder(folder, run)
  if (combined === undefined) {
    if (!corrected)
      throw new UsageError('--no-corr without --combined writes nothing', { hint: 'Add --combined FILE.cxi' })
    return { folder, corrected: true }
  }
  const file = resolve(combined)
  checkCombined(file, folder, run)
  // Links resolved: outputs are distinguished by their paths.
  const beside = real(dirname(file)) === real(folder)
  return { folder, corrected, combined: beside ? join(folder, basename(file)) : file }
}

/** RAW and CORR files in one folder would be read as one run with every source twice. */
function refuseRawFolder(folder: string, run: string): void {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return
  const raw = readdirSync(folder).find(name => /^RAW-.*\.h5$/.test(name))
  if (real(folder) !== real(run) && raw === undefined) return
  throw new UsageError(`--out is a folder of RAW files${raw === undefined ? '' : ` (${raw})`}`, {
    place: { file: folder },
    hint: 'Choose another folder for the corrected ones',
  })
}

function checkCombined(file: string, folder: string, run: string): void {
  const place = { file }
  const parent = dirname(file)
  if (/\.h5$/i.test(file) && [folder, run].some(path => real(path) === real(parent)))
    throw new UsageError('readers of the folder would take the combined file for one of a module', {
      place,
      hint: `Name it ${basename(file).slice(0, -'.h5'.length)}.cxi, or choose another folder for it`,
    })
  if (real(file) === real(folder) || (existsSync(file) && !statSync(file).isFile()))
    throw new OutputError('is not a file, so the combined file cannot have its name', {
      place,
      hint: `Give a file name, such as ${join(file, 'run.cxi')}`,
    })
  // The output folder is created when needed; other folders are not.
  if (real(parent) !== real(folder) && !(existsSync(parent) && statSync(parent).isDirectory()))
    throw new OutputError('the folder of the combined file does not exist', {
      place: { file: parent },
      hint: 'Make it, or choose another --combined',
    })
  refuseForeign(file)
}

/** The path without symbolic links, as far as it exists. */
function real(path: string): string {
  const absolute = resolve(path)
  if (existsSync(absolute)) return realpathSync(absolute)
  const parent = dirname(absolute)
  return parent === absolute ? absolute : join(real(parent), basename(absolute))
}
