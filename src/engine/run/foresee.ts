import { existsSync } from 'node:fs'
import { calibrationsOf } from '../../corrections/planes.js'
import { NO_CELL } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { CorrectionPlan, ModulePlan } from '../plan/plan.js'

/** The paths of what a plan writes, beside the metadata file. */
export function outputsOf({ modules, combined }: Pick<CorrectionPlan, 'modules' | 'combined'>): string[] {
  const corrected = modules.flatMap(({ sequences }) => sequences.flatMap(({ output }) => output ?? []))
  return combined ? [...corrected, combined.path] : corrected
}

/** What a correction by the plan would end with, as far as that can be told without reading: for `--dry-run`. */
export function foreseenProblems(plan: CorrectionPlan, overwrite: boolean): Problem[] {
  const there = overwrite ? [] : outputsOf(plan).filter(path => existsSync(path))
  const [first] = there
  const more = there.length > 1 ? ` (and ${there.length - 1} more)` : ''
  const refused: Problem[] =
    first === undefined
      ? []
      : [
          {
            check: 'output_exists',
            severity: 'error',
            message: `exists already${more}, so nothing would be corrected. Use --overwrite to replace it, or another --out`,
            place: { file: first },
          },
        ]
  return [...refused, ...plan.modules.flatMap(cellsBeyondConstants)]
}

/** Cells above those that the module's constants were taken for. */
function cellsBeyondConstants({ module, cells, chain, constants }: ModulePlan): Problem[] {
  const counts = calibrationsOf(chain.planes).flatMap(name => {
    const { dims = [], shape = [] } = constants.constants.get(name) ?? {}
    return shape[dims.indexOf('cell')] ?? []
  })
  const beyond = cells.filter(cell => cell !== NO_CELL && counts.some(count => cell >= count))
  if (beyond.length === 0) return []
  const message = `no constants for cell ${beyond.join(', ')}: their frames would be NaN with mask bit 3`
  return [{ check: 'cells_without_constants', severity: 'error', message, place: { module } }]
}
