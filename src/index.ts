/** The public door of detcal: what is not exported here may change at any time. */

export type { CorrectionPlan } from './engine/plan/plan.js'
export { type Config, readConfig } from './engine/run/config.js'
export type { CorrectionOutcome, ModuleOutcome, SequenceOutcome } from './engine/run/outcome.js'
export {
  correct,
  type ExecutionOptions,
  executeCorrection,
  type MachineOptions,
  type PreparedCorrection,
  prepareCorrection,
} from './engine/run/prepare.js'
export { type CorrectionRequest, checkRequest } from './engine/run/request.js'
export type { FrameCorrector } from './engine/stream/frame-corrector.js'
export type { HeldFrames, RawFrames } from './engine/stream/memory-frames.js'
export { type FrameCorrectorRequest, openFrameCorrector } from './engine/stream/open-frame-corrector.js'
export { Engine, type EngineOptions } from './engine/threads/engine.js'
export {
  BusyError,
  ConstantsError,
  DataError,
  DetcalError,
  isDetcalError,
  OutputError,
  type Place,
  UsageError,
} from './model/errors.js'
export { StoppedError } from './model/interruptions.js'
export type { Problem } from './model/problem.js'
export { type OpenRunOptions, openRun } from './sources/run/open-run.js'
export type { Run } from './sources/run/run.js'
