import { findRecordedFile } from '../../constants/catalogue/recorded/find-file.js'
import { type RecordedConstant, readRecordedConstants } from '../../constants/catalogue/recorded/parse.js'
import { contentOf } from '../files/content.js'
import { ConstantsError } from '../model/errors.js'
import type { ConstantFinding } from './outcome.js'
import { whichHasChanged } from './which-constant.js'

/**
 * Holds the files of all constants that a metadata file names against their checksums. Each file is read once.
 * @param root folder of relative paths, or of a copy of the store.
 * @throws ConstantsError if the metadata file names none.
 */
export async function checkConstants(metadata: string, root: string | undefined): Promise<ConstantFinding[]> {
  const { modules } = await readRecordedConstants(metadata)
  const checksums = new Map<string, Promise<string>>()
  const checksumOf = (path: string): Promise<string> => {
    const known = checksums.get(path) ?? contentOf(path).then(({ sha256 }) => sha256)
    checksums.set(path, known)
    return known
  }
  const found: ConstantFinding[] = []
  for (const [module, { constants }] of modules)
    for (const [calibration, constant] of constants) {
      if (constant instanceof ConstantsError) throw constant
      const { dataset } = constant
      const finding = { module, calibration, dataset, ...(await statusOf(constant, root, checksumOf)) }
      const { sha256 = '' } = constant
      found.push(finding.status === 'different' ? await whichHasChanged(finding, sha256) : finding)
    }
  return found
}

async function statusOf(
  { path, dataset, sha256 }: RecordedConstant,
  root: string | undefined,
  checksumOf: (path: string) => Promise<string>,
): Promise<Pick<ConstantFinding, 'file' | 'status'>> {
  let file = path
  try {
    file = findRecordedFile(path, root, { dataset })
  } catch (error) {
    if (error instanceof ConstantsError) return { file, status: 'missing' }
    throw error
  }
  if (sha256 === undefined) return { file, status: 'unknown' }
  return { file, status: (await checksumOf(file)) === sha256 ? 'equal' : 'different' }
}
