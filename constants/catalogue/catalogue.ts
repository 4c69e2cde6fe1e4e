import type { Detector } from '../../src/detectors/detector.js'
import type { DetcalError } from '../../src/model/errors.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import type { Problem } from '../../src/model/problem.js'
import type { Conditions } from '../model/conditions.js'
import type { ConstantVersion } from '../model/version.js'
import type { Strategy } from './select.js'

export interface ConstantQuery {
  readonly detector: Detector
  /** Karabo name of the instance, `SPB_DET_AGIPD1M-1`; modules not placed under it are looked up under the detector's id. */
  readonly karaboId?: string
  readonly modules: readonly ModuleIndex[]
  /** Names of the requested calibrations. */
  readonly calibrations: readonly string[]
  /** What is known about the run; unknown conditions match everything. */
  readonly conditions: Conditions
  /** When the run was taken. */
  readonly at: Date
  readonly strategy: Strategy
}

/** What the catalogue has for a module; calibrations it lacks are absent. */
export interface ModuleConstants {
  readonly pdu: string
  readonly constants: ReadonlyMap<string, ConstantVersion>
  /** Calibrations that it names but that are unusable, and why: a chain that needs one of them cannot do without. */
  readonly unusable?: ReadonlyMap<string, DetcalError>
  /** Of calibrations that it has, but not for the run: what it was asked for and what comes nearest, a sentence without the full stop. */
  readonly misses?: ReadonlyMap<string, string>
  /** Warnings about the others. */
  readonly problems?: readonly Problem[]
}

/** Knows which PDU served as a module at a time, and which of its constants were measured under which conditions. */
export interface Catalogue {
  /** What to do if a constant is missing: an imperative sentence without the full stop. */
  readonly remedy: string
  /** Its bad-pixel maps are those of one correction's masks: all maps of a module belong to it, whatever the steps. */
  readonly namesMask: boolean
  /**
   * For each module that a PDU is known for at `at`, the constants that match by `strategy`. Modules without a PDU are
   * absent from the answer, modules without constants have an empty map: the caller reports what is missing.
   * @throws ConstantsError if the catalogue cannot be read.
   */
  find(query: ConstantQuery): Promise<ReadonlyMap<ModuleIndex, ModuleConstants>>
  close(): void
}
