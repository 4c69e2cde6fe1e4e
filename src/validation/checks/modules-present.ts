import type { RunCheck } from './check.js'
import { byDetector } from './modules-of-run.js'

export const modulesPresent: RunCheck = {
  name: 'modules_present',
  describe: 'modules of a detector that the run has no files of',
  scope: 'run',
  *run(context) {
    if (context.folder === undefined) return
    for (const files of byDetector(context)) {
      const [first] = files
      if (!first) continue
      const there = new Set(files.map(({ module }) => Number(module)))
      const absent = Array.from({ length: first.detector.moduleCount }, (_, i) => i).filter(
        i => !there.has(i),
      )
      if (absent.length > 0)
        yield { message: `${first.karaboId}: no files of modules ${absent.join(', ')}`, severity: 'warning' }
    }
  },
}
