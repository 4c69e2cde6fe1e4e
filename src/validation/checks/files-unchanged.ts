import { stat } from 'node:fs/promises'
import type { Finding, RunCheck } from './check.js'

export const filesUnchanged: RunCheck = {
  name: 'files_unchanged',
  describe: 'files that changed while they were checked: still being written or copied',
  scope: 'run',
  async run({ files }) {
    const findings: Finding[] = []
    for (const { path, size, mtimeMs } of files) {
      const now = await stat(path).catch(() => undefined)
      if (now?.size !== size || now.mtimeMs !== mtimeMs)
        findings.push({ message: now ? `changed from ${size} to ${now.size} bytes` : 'is gone', file: path })
    }
    return findings
  },
}
