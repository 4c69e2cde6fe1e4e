import { INDEX } from '../../exdf/euxfel-layout.js'
import { readTrainIndex } from '../../exdf/index-rows.js'
import { shortList } from '../../sources/run/short-list.js'
import type { FileCheck } from './check.js'

export const trainFlags: FileCheck = {
  name: 'train_flags',
  describe: 'trains flagged as suspect: their id did not come from the time server',
  scope: 'file',
  *run({ exdf }) {
    const { rows, remarks, meaningless } = readTrainIndex(exdf)
    const suspect = rows.filter(row => row.flag === 0).map(row => row.trainId)
    const noun = suspect.length === 1 ? 'train is' : 'trains are'
    if (suspect.length > 0)
      yield {
        message: `${suspect.length} ${noun} flagged as suspect: ${shortList(suspect)}`,
        severity: 'warning',
        dataset: INDEX.flag,
      }
    for (const message of remarks) yield { message }
    yield* meaningless
  },
}
