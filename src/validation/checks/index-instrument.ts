import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { datasetsBelow, rowsOf } from '../../hdf5/index.js'
import type { FileCheck } from './check.js'
import { endOf, faultsOfIndex, indexOf } from './index-rows.js'

export const indexInstrument: FileCheck = {
  name: 'index_instrument',
  describe: 'instrument data: an index beyond its data, of wrong length, with gaps or overlaps',
  scope: 'file',
  *run(context) {
    const { exdf } = context
    for (const [source, groups] of exdf.instrumentSources) {
      for (const group of groups) {
        const index = indexOf(context, source, group)
        const end = index ? endOf(index) : 0
        for (const dataset of datasetsBelow(exdf.file, instrumentPath(source, group))) {
          const found = exdf.file.dataset(dataset)
          const rows = found ? rowsOf(found) : 0
          if (end > rows)
            yield { message: `index referring to data (${end}) outside dataset (${rows})`, dataset }
        }
        yield* faultsOfIndex(context, source, group)
      }
    }
  },
}
