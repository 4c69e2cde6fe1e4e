import { datasetsBelow, rowsOf } from '../../hdf5/index.js'
import type { FileCheck } from './check.js'
import { endOf, faultsOfIndex, indexOf } from './index-rows.js'

export const indexControl: FileCheck = {
  name: 'index_control',
  describe: 'control data: an index beyond its data, of wrong length, with gaps or overlaps',
  scope: 'file',
  *run(context) {
    const { exdf } = context
    for (const device of exdf.controlSources) {
      const index = indexOf(context, device)
      const end = index ? endOf(index) : 0
      for (const dataset of datasetsBelow(exdf.file, `CONTROL/${device}`)) {
        const found = exdf.file.dataset(dataset)
        const rows = found ? rowsOf(found) : 0
        if (end <= rows) continue
        yield { message: `index referring to data (${end}) outside dataset (${rows})`, dataset }
        // Other properties of a device are as short as the first: naming each would give too many problems.
        break
      }
      yield* faultsOfIndex(context, device)
    }
  },
}
