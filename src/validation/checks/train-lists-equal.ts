import { isTrainId } from '../../model/ids.js'
import { shortList } from '../../sources/run/short-list.js'
import type { RunCheck } from './check.js'
import { byDetector } from './modules-of-run.js'

export const trainListsEqual: RunCheck = {
  name: 'train_lists_equal',
  describe: 'modules that do not list trains that others have, not even with count 0',
  scope: 'run',
  *run(context) {
    for (const files of byDetector(context)) {
      const all = new Set(files.flatMap(({ file }) => file.trainIds.filter(isTrainId)))
      const listed = new Map<number, Set<number>>()
      for (const { module, file } of files)
        listed.set(module, new Set([...(listed.get(module) ?? []), ...file.trainIds]))
      for (const [module, trains] of listed) {
        const lacking = [...all].filter(train => !trains.has(train)).sort((a, b) => a - b)
        if (lacking.length > 0)
          yield { message: `does not list trains ${shortList(lacking)}`, severity: 'warning', module }
      }
    }
  },
}
