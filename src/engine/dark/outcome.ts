import type { WrittenFile } from '../../../constants/catalogue/import-request.js'
import type { StageDifference } from '../../../constants/dark/difference.js'
import type { Outlier } from '../../../constants/dark/outliers.js'
import type { StagePreview } from '../../../constants/dark/preview.js'
import type { StageSummary } from '../../../constants/dark/summary.js'
import type { ConstantVersion } from '../../../constants/model/version.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { RunCost } from '../run/running.js'

/** What was found of one module; arrays are by stage. */
export interface DarkModule {
  readonly module: ModuleIndex
  readonly pdu: string
  /** The file of its constants. */
  readonly written: WrittenFile
  readonly stages: readonly StageSummary[]
  readonly previews: readonly StagePreview[]
  readonly outliers: readonly Outlier[]
  readonly problems: readonly Problem[]
  /** The constants before, if the catalogue has any: when they began, and how far they are. */
  readonly previous?: { readonly beginAt: Date; readonly stages: readonly StageDifference[] }
}

/** `64 constants entered`, and why there are not more where there are none. */
export function enteredText({ modules, versions }: DarkOutcome): string {
  const entered = versions.filter(({ isNew }) => isNew).length
  const known = versions.length - entered
  if (entered > 0)
    return `${entered} constants entered${known > 0 ? `, ${known} were in the catalogue to the byte` : ''}`
  return known > 0
    ? `0 constants entered: all ${known} were in the catalogue, to the byte`
    : `0 constants entered: ${modules.length === 0 ? 'no module is characterised' : 'there are none'}`
}

/** A finished characterisation: what is in the catalogue now, and what went wrong. */
export interface DarkOutcome extends RunCost {
  readonly modules: readonly DarkModule[]
  /** Constants entered; `isNew` is false for those that were there already, to the byte. */
  readonly versions: readonly { readonly version: ConstantVersion; readonly isNew: boolean }[]
  readonly problems: readonly Problem[]
}
