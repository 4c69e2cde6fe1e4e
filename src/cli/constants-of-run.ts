import type { Catalogue } from '../../constants/catalogue/catalogue.js'
import { RecordedCatalogue } from '../../constants/catalogue/recorded/catalogue.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { UsageError } from '../model/errors.js'
import type { CorrectOptions } from './correct-options.js'

/** Where a run's constants come from. */
export interface ConstantsOfRun {
  readonly catalogue: Catalogue
  /** Whether it has the same constants for runs of any time. */
  readonly timeless: boolean
}

/**
 * The source of constants according to the options, opened when needed: a metadata file, which is then the only source,
 * or a catalogue. Opening throws ConstantsError if it cannot be read.
 * @throws UsageError if they name neither.
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
    throw new UsageError('--constants-root has no effect without --constants-from', {
      hint: 'Add --constants-from calibration_metadata_<DETECTOR>.yml',
    })
  if (catalogue === undefined)
    throw new UsageError('no source of constants is given', {
      hint: 'Add --catalogue DIR or --constants-from calibration_metadata_<DETECTOR>.yml',
    })
  return async () => ({ catalogue: SqliteCatalogue.open(catalogue), timeless: false })
}
