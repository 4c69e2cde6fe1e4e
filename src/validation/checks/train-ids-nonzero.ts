import { INDEX } from '../../exdf/euxfel-layout.js'
import type { FileCheck } from './check.js'

export const trainIdsNonzero: FileCheck = {
  name: 'train_ids_nonzero',
  describe: 'zeros in INDEX/trainId before the last id',
  scope: 'file',
  *run({ trainIds }) {
    const last = trainIds.findLastIndex(id => id !== 0)
    const zero = trainIds.indexOf(0)
    if (zero >= 0 && zero < last)
      yield {
        message: `zero at row ${zero}, before the last train id at row ${last}`,
        dataset: INDEX.trainId,
      }
  },
}
