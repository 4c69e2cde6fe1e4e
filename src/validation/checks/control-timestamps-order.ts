import { datasetsBelow, readBigInts, rowsOf } from '../../hdf5/index.js'
import type { FileCheck } from './check.js'

/** Limit of the rows read of one property: far more than a run has trains. */
const LIMIT = 1 << 22

export const controlTimestampsOrder: FileCheck = {
  name: 'control_timestamps_order',
  describe: 'timestamps of control data that go back, or zeros before the last one',
  scope: 'file',
  *run({ exdf }) {
    for (const device of exdf.controlSources) {
      for (const path of datasetsBelow(exdf.file, `CONTROL/${device}`)) {
        const dataset = path.endsWith('/timestamp') ? exdf.file.dataset(path) : undefined
        if (dataset?.shape.length !== 1) continue
        const times = readBigInts(dataset, Math.min(LIMIT, rowsOf(dataset)))
        const used = times.subarray(0, times.findLastIndex(time => time !== 0n) + 1)
        const zero = used.indexOf(0n)
        const back = used.findIndex((time, i) => i > 0 && time !== 0n && time < (used[i - 1] ?? 0n))
        if (zero >= 0) yield { message: `zero at row ${zero}, before the last timestamp`, dataset: path }
        else if (back > 0) yield { message: `timestamps go back, e.g. at row ${back}`, dataset: path }
      }
    }
  },
}
