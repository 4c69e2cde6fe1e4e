import { kitOf } from '../../kits/index.js'
import { scanRunFolder } from '../../sources/run/run-folder.js'
import { shortList } from '../../sources/run/short-list.js'
import type { Finding, RunCheck } from './check.js'
import { byDetector, type ModuleFacts } from './modules-of-run.js'

export const parallelGain: RunCheck = {
  name: 'parallel_gain',
  describe:
    'raw pulse ids that begin anew within a train, as in parallel gain, which control data do not tell of',
  scope: 'run',
  async run(context) {
    const { folder } = context
    const findings: Finding[] = []
    for (const modules of byDetector(context)) {
      const anew = modules.filter(module => module.anew.length > 0)
      const [first] = anew
      if (!first) continue
      const { detector, karaboId } = first
      // A single file is not compared with others.
      const { readControl } = kitOf(detector)
      const control =
        folder === undefined ? undefined : await readControl(await scanRunFolder(folder), detector, karaboId)
      if (control?.parallelGain === true) continue
      const denied = control?.parallelGain === false
      findings.push(...anew.map(module => findingOf(module, denied, folder === undefined)))
    }
    return findings
  },
}

function findingOf({ file, module, anew }: ModuleFacts, denied: boolean, alone: boolean): Finding {
  const [train = 0] = anew
  const message =
    `pulse ids begin anew after a third of the frames of ${anew.length === 1 ? 'train' : `${anew.length} trains`} ${shortList(anew, 5)}, ` +
    `as they do in parallel gain, which ${denied ? 'control data deny' : 'nothing here indicates'}: correct with detcal correct --parallel-gain if it was`
  return { message, severity: alone ? 'warning' : 'error', file: file.path, module, train }
}
