import { Combiner } from '../../combiner/combiner.js'
import { grouped } from '../../model/grouped.js'
import { sameFrames, samePulses } from '../../sources/run/same-frames.js'
import { shortList } from '../../sources/run/short-list.js'
import type { Finding, RunCheck } from './check.js'
import { byDetector, type ModuleFacts } from './modules-of-run.js'

export const pulseIdsEqual: RunCheck = {
  name: 'pulse_ids_equal',
  describe: 'modules that have other pulses or cells in a train than most modules',
  scope: 'run',
  *run(context) {
    for (const files of byDetector(context)) yield* dissenters(files)
  },
}

/** Modules agree on a train as they do when a run is joined. */
function* dissenters(files: readonly ModuleFacts[]): Iterable<Finding> {
  const policy = sameFrames([], files[0]?.detector.maxCells ?? 0)
  const combiner = new Combiner(policy)
  // Where several files of a module have a train, it is the last one's.
  for (const { module, parts } of files.toReversed())
    for (const [train, part] of parts) combiner.add(train, module, part)
  const agreed = new Map(combiner.finish().map(({ train, agreed }) => [train, agreed]))
  for (const { file, module, parts } of files) {
    const differing = [...parts].flatMap(([train, part]) => {
      const most = agreed.get(train) ?? part
      if (policy.same(most, part)) return []
      // Where pulses differ, cells differ for the same reason.
      return [{ train, ids: samePulses(most, part) ? 'cells' : 'pulses' }]
    })
    for (const [ids, found] of grouped(differing, ({ ids }) => ids)) {
      const trains = shortList(found.map(({ train }) => train))
      yield { message: `other ${ids} than most modules in trains ${trains}`, file: file.path, module }
    }
  }
}
