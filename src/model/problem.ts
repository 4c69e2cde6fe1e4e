import type { Place } from './errors.js'

/** Something wrong with data, as data: collected, counted, printed, skippable by its check's name. */
export interface Problem {
  /** Name of the check that found it, as `--skip` takes it: `train_ids_order`. */
  readonly check: string
  /** A warning leaves the result whole (a module absent from the run); an error does not (exit code 1). */
  readonly severity: 'warning' | 'error'
  readonly message: string
  readonly place: Place
}
