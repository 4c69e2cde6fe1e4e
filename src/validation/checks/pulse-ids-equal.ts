import { shortList } from '../../sources/run/short-list.js'
import type { Finding, RunCheck } from './check.js'
import { byDetector, type ModuleFacts } from './modules-of-run.js'

export const pulseIdsEqual: RunCheck = {
  name: 'pulse_ids_equal',
  describe: 'modules that have other pulses or cells in a train than most modules',
  scope: 'run',
  *run(context) {
    for (const files of byDetector(context)) {
      // Where pulses differ, cells differ for the same reason.
      const named = new Map<ModuleFacts, number[]>()
      yield* dissenters(files, 'pulses', named)
      yield* dissenters(files, 'cells', named)
    }
  },
}

/** @param named trains of each file that a finding names already; those found are added. */
function* dissenters(
  files: readonly ModuleFacts[],
  ids: 'pulses' | 'cells',
  named: Map<ModuleFacts, number[]>,
): Iterable<Finding> {
  const votes = new Map<number, Map<string, number>>()
  for (const { [ids]: lists } of files) {
    for (const [train, list] of lists) {
      const counts = votes.get(train) ?? new Map<string, number>()
      votes.set(train, counts.set(list, (counts.get(list) ?? 0) + 1))
    }
  }
  // Files come by module, so among equals the lowest module's list is the first.
  const winner = (train: number) =>
    [...(votes.get(train) ?? [])].reduce((best, vote) => (vote[1] > best[1] ? vote : best), ['', 0])[0]
  for (const facts of files) {
    const { file, module, [ids]: lists } = facts
    const before = named.get(facts) ?? []
    const differing = [...lists].filter(([train, list]) => list !== winner(train)).map(([train]) => train)
    const other = differing.filter(train => !before.includes(train))
    named.set(facts, [...before, ...other])
    if (other.length > 0)
      yield {
        message: `other ${ids} than most modules in trains ${shortList(other)}`,
        file: file.path,
        module,
      }
  }
}
