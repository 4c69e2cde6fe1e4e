import { INDEX } from '../../exdf/euxfel-layout.js'
import { isTrainId } from '../../model/ids.js'
import type { FileCheck } from './check.js'

export const trainIdsOrder: FileCheck = {
  name: 'train_ids_order',
  describe: 'train ids that are not strictly increasing',
  scope: 'file',
  *run({ trainIds }) {
    const ids = trainIds.filter(isTrainId)
    const at = ids.findIndex((id, i) => i > 0 && id <= (ids[i - 1] ?? 0))
    if (at > 0)
      yield {
        message: `train ids are not strictly increasing, e.g. at ${at - 1} (${ids[at - 1]} >= ${ids[at]})`,
        dataset: INDEX.trainId,
      }
  },
}
