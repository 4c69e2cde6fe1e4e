import { shortList } from '../../sources/run/short-list.js'
import type { RunCheck } from './check.js'
import { byDetector } from './modules-of-run.js'

export const pulseIdsEqual: RunCheck = {
  name: 'pulse_ids_equal',
  describe: 'modules that have other pulses in a train than most modules',
  scope: 'run',
  *run(context) {
    for (const files of byDetector(context).values()) {
      const votes = new Map<number, Map<string, number>>()
      for (const { pulses } of files) {
        for (const [train, list] of pulses) {
          const counts = votes.get(train) ?? new Map<string, number>()
          votes.set(train, counts.set(list, (counts.get(list) ?? 0) + 1))
        }
      }
      // Files come by module, so among equals the lowest module's list is the first.
      const winner = (train: number) =>
        [...(votes.get(train) ?? [])].reduce((best, vote) => (vote[1] > best[1] ? vote : best), ['', 0])[0]
      for (const { file, module, pulses } of files) {
        const other = [...pulses].filter(([train, list]) => list !== winner(train)).map(([train]) => train)
        if (other.length > 0)
          yield {
            message: `other pulses than most modules in trains ${shortList(other)}`,
            file: file.path,
            module,
          }
      }
    }
  },
}
