import type { ControlSource } from '../../exdf/description.js'
import type { ModuleModel } from './module-model.js'
import type { SimulationOptions } from './options.js'
import type { Physics } from './physics.js'

/** The planes of a constant for one pixel and cell, written to `out` from `at`. */
export type FillPlanes = (pixel: number, cell: number, out: { [index: number]: number }, at: number) => void

/** A constant as a characterisation without statistical error would find it. */
export interface SimulatedConstant {
  readonly calibration: string
  readonly planes: number
  readonly fill: FillPlanes
}

/** What the simulator knows of a detector. */
export interface SimulatedDetector {
  readonly physics: Physics
  /** Its constants for a module. */
  constants(model: ModuleModel): SimulatedConstant[]
  /** The conditions a run is taken under, by CalCat's names: what control data say and constants are valid for. */
  conditionsOf(options: SimulationOptions): Record<string, number>
  /** Its control devices. */
  controls(options: SimulationOptions): ControlSource[]
}
