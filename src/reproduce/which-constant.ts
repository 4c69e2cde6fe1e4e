import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { verifyElements } from '../../constants/files/checksums/verify-elements.js'
import { locateConstant } from '../../constants/files/source.js'
import { DETECTORS } from '../kits/index.js'
import { isDetcalError } from '../model/errors.js'
import type { ConstantFinding } from './outcome.js'

/**
 * Whether it is this constant that has changed in its file, or another one beside it, as the catalogue tells that the file
 * lies in: it has checksums of the elements.
 * @param sha256 of the file when it was used.
 * @returns the finding as it is where no catalogue tells.
 */
export async function whichHasChanged(finding: ConstantFinding, sha256: string): Promise<ConstantFinding> {
  const { file, dataset, calibration } = finding
  const [root = ''] = file.split('/xfel/cal/')
  if (!existsSync(join(root, 'catalogue.sqlite'))) return finding
  try {
    return await SqliteCatalogue.using(root, async catalogue => {
      const version = catalogue
        .list({ calibrations: [calibration] })
        .find(each => each.path === file && each.dataset === dataset && each.sha256 === sha256)
      const detector = DETECTORS.find(({ type }) => type === version?.detectorType)
      if (version === undefined || detector === undefined) return finding
      const source = await locateConstant(detector, catalogue.withChecksums(version))
      try {
        return (await verifyElements(detector, source)) ? { ...finding, status: 'beside' } : finding
      } catch (error) {
        if (!isDetcalError(error, 'constants')) throw error
        return { ...finding, where: error.message }
      }
    })
  } catch (error) {
    // A catalogue or file that cannot be read tells nothing more.
    if (isDetcalError(error)) return finding
    throw error
  }
}
