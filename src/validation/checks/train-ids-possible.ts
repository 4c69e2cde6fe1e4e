import { INDEX } from '../../exdf/euxfel-layout.js'
import { digitsOf } from '../../hdf5/index.js'
import { isTrainId } from '../../model/ids.js'
import { shortList } from '../../sources/run/short-list.js'
import type { FileCheck } from './check.js'

export const trainIdsPossible: FileCheck = {
  name: 'train_ids_possible',
  describe: 'numbers in INDEX/trainId that are no train ids: beyond 2^53, negative, no whole numbers',
  scope: 'file',
  *run({ trainIds, trainColumn }) {
    const bad: string[] = []
    trainIds.forEach((id, row) => {
      if (id !== 0 && !isTrainId(id)) bad.push(`row ${row} has ${digitsOf(trainColumn, row)}`)
    })
    if (bad.length > 0) yield { message: `no train ids: ${shortList(bad, 5)}`, dataset: INDEX.trainId }
  },
}
