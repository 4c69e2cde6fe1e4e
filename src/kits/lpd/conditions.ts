import { readControlData } from '../../sources/conditions/control-data.js'
import { firstTrain, memoryCellsOf } from '../../sources/conditions/frames.js'
import type { ConditionSource, ControlReader, RunPart } from '../../sources/conditions/reader.js'
import { knownOf, valueAtStart } from '../../sources/conditions/values.js'

/** Whether every pulse is stored in all gain stages: the front end's gain is overridden. */
const PARALLEL = 'femAsicGainOverride'

/**
 * Control data of an LPD run, from the front-end modules' device `<Karabo name>/COMP/FEM_MDL_COMP`; memory cells and
 * their order from the frames themselves.
 */
export const readLpdControl: ControlReader = async (folder, _, karaboId) => {
  const composite = `${karaboId}/COMP/FEM_MDL_COMP`
  const control = await readControlData(folder, device =>
    device === composite ? { numbers: [PARALLEL] } : {},
  )
  const problems = [...control.problems]
  const parallel = valueAtStart(control, composite, PARALLEL, problems)
  return {
    parallelGain: parallel === undefined ? undefined : parallel !== 0,
    conditionsOf: run => {
      const cells = firstTrain(run, 'cellIds')
      const { values, sources } = knownOf({
        'Memory cells': { frames: memoryCellsOf(run) },
        'Memory cell order': { frames: memoryCellOrder(cells ?? []) },
        'Parallel gain': { [run.parallelFrom ?? shownBy(run)]: run.rawFrames > 1 ? 1 : 0 },
      })
      // That cells ascend, which has no value, is known too.
      const order = cells && { 'Memory cell order': 'frames' as const }
      return { values, sources: { ...sources, ...order }, gainMode: undefined, problems }
    },
  }
}

/** What shows that a run was not taken in parallel gain: pulse ids that rise through a whole train, else nothing. */
function shownBy(run: RunPart): ConditionSource {
  const pulses = firstTrain(run, 'pulseIds') ?? []
  return pulses.length > 1 ? 'frames' : 'assumed'
}

/**
 * Cells in the order in which a train fills them, `3,1,2,`: what dark constants depend on where it is not simply
 * ascending; undefined where it is.
 */
export function memoryCellOrder(cellIds: readonly number[]): string | undefined {
  const decreases = cellIds.some((cell, i) => i > 0 && cell < (cellIds[i - 1] ?? 0))
  return cellIds.length > 2 && decreases ? `${cellIds.join(',')},` : undefined
}
