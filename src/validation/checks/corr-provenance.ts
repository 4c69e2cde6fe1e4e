import type { FileCheck } from './check.js'

/** Attributes of the root group of detcal's files; files of other programs have none of them. */
const ATTRIBUTES = ['detcal_software', 'detcal_options', 'detcal_steps', 'detcal_constants']

export const corrProvenance: FileCheck = {
  name: 'corr_provenance',
  describe: 'corrected files: attributes that say how they were made are missing',
  scope: 'file',
  *run({ exdf, modules }) {
    const [module] = modules.filter(found => found.corrected)
    if (!module) return
    const missing = ATTRIBUTES.filter(name => exdf.file.attribute('/', name) === undefined)
    if (missing.length === ATTRIBUTES.length)
      yield {
        message: 'was not written by detcal: it does not say how',
        severity: 'warning',
        module: module.module,
      }
    else if (missing.length > 0)
      yield { message: `lacks the attributes ${missing.join(', ')}`, module: module.module }
  },
}
