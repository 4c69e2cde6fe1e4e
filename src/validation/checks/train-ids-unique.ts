import { isTrainId } from '../../model/ids.js'
import { shortList } from '../../sources/run/short-list.js'
import type { RunCheck } from './check.js'
import { byDetector } from './modules-of-run.js'

export const trainIdsUnique: RunCheck = {
  name: 'train_ids_unique',
  describe: 'trains that a module has in several sequence files',
  scope: 'run',
  *run(context) {
    for (const files of byDetector(context)) {
      const seen = new Map<string, string>()
      for (const { file, module } of files) {
        const again: number[] = []
        let other = ''
        for (const train of new Set(file.trainIds.filter(isTrainId))) {
          const key = `${module} ${train}`
          const before = seen.get(key)
          if (before === undefined) seen.set(key, file.path)
          else {
            again.push(train)
            other = before
          }
        }
        if (again.length > 0)
          yield { message: `trains ${shortList(again)} are in ${other} too`, file: file.path, module }
      }
    }
  },
}
