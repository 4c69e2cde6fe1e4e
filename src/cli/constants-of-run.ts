import type { Catalogue } from '../../constants/catalogue/catalogue.js'
import { RecordedCatalogue } from '../../constants/catalogue/recorded/catalogue.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { UsageError } from '../model/errors.js'
import type { CorrectOptions } from './correct-options.js'

/** Where a run's constants come from. */
export interface ConstantsOfRun {
  readonly catalogue: Catalogue
  /** It has the same constants whenever the run was taken. */
  readonly timeless: boolean
}

/**
 * Where the options say that the constants are, to be opened when they are needed: in a metadata file, which is then
 * asked alone, or in a catalogue. Opening throws ConstantsError if it cannot be read.
 * @throws UsageError if they say nothing.
 */
export function constantsOfRun(
  options: Pick<CorrectOptions, 'catalogue' | 'constantsFrom' | 'constantsRoot'>,
): () => Promise<ConstantsOfRun> {
  const { catalogue, constantsFrom, constantsRoot } = options
  if (constantsFrom !== undefined)
    return async () => ({
      catalogue: await RecordedCatalogue.open(constantsFrom, constantsRoot),
      timeless: true,
    })
  if (constantsRoot !== undefined)
    throw new UsageError('--constants-root says nothing without --constants-from', {
      hint: 'Add --constants-from calibration_metadata_<DETECTOR>.yml',
    })
  if (catalogue === undefined)
    throw new UsageError('nothing says where the constants are', {
      hint: 'Add --catalogue DIR or --constants-from calibration_metadata_<DETECTOR>.yml',
    })
  return async () => ({ catalogue: SqliteCatalogue.open(catalogue), timeless: false })
}
