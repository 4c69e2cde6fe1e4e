import { unreadableMembers } from '../../sources/run/lost-datasets.js'
import type { FileCheck } from './check.js'

export const datasetsReadable: FileCheck = {
  name: 'datasets_readable',
  describe: 'datasets of a detector source that have a name, but no header that can be read',
  scope: 'file',
  *run({ exdf, modules }) {
    for (const { source, module } of modules)
      for (const dataset of unreadableMembers(exdf, source))
        yield { message: 'its header is damaged, so readers pass it over', dataset, module }
  },
}
