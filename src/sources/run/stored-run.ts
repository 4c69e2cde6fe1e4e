import { CORRECTED_ONLY, instrumentPath } from '../../exdf/euxfel-layout.js'
import { readExdf } from '../../exdf/file.js'
import { KITS } from '../../kits/index.js'
import { isDetcalError } from '../../model/errors.js'
import { type DetectorOfRun, findDetector } from './choose-detector.js'
import { openCorrectedRun } from './corrected-run.js'
import { type OpenRunOptions, openRun } from './open-run.js'
import type { StoredRun } from './run.js'
import { type RunFolder, scanRunFolder } from './run-folder.js'

/**
 * Opens a RAW or a CORR run. A folder that holds both is taken for corrected.
 * @throws DataError if this is no run folder, has no such detector, or none of its files can be used.
 * @throws UsageError if several detectors match.
 */
export async function openStoredRun(path: string, options: OpenRunOptions = {}): Promise<StoredRun> {
  const folder = await scanRunFolder(path, options.signal)
  const found = findDetector(folder, options.detector ?? 'auto', options.kits ?? KITS)
  if (await isCorrected(folder, found)) return openCorrectedRun(folder, found, options.signal)
  return { ...(await openRun(path, options)), corrected: false }
}

/** Corrected files from before 2024 have the raw names, and are known by their planes. */
async function isCorrected(folder: RunFolder, { modules }: DetectorOfRun): Promise<boolean> {
  if (modules.some(({ corrected }) => corrected)) return true
  const names = new Set(modules.map(({ source }) => source))
  for (const { path, instrumentSources, facts } of folder.files) {
    const source = instrumentSources.find(name => names.has(name))
    if (source === undefined) continue
    try {
      return await readExdf(
        path,
        ({ file }) =>
          CORRECTED_ONLY.some(name => file.dataset(instrumentPath(source, `image/${name}`)) !== undefined) ||
          file.dataset(instrumentPath(source, 'image/data'))?.type.name.includes('f') === true,
        facts,
      )
    } catch (error) {
      // Whoever reads the run says what is wrong with this file: another one tells.
      if (!isDetcalError(error)) throw error
    }
  }
  return false
}
