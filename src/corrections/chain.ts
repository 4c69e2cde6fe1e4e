import { ConstantsError } from '../model/errors.js'
import type { Finishing } from './finishing.js'
import type { PlaneRecipe } from './planes.js'
import type { GainMode, StepOptions, StepTable } from './steps.js'

/** A step that was asked for and cannot be done for this module. */
export interface SkippedStep {
  readonly step: string
  readonly reason: string
}

/** The resolved corrections of one module: plain data that can be posted to a worker. */
export interface Chain {
  /** The kernel that does all of them: an export of the WebAssembly module. */
  readonly kernel: string
  /** The kernel's parameters: the u32 words after `pixels` (docs/architecture.md, kernel contract). */
  readonly params: readonly number[]
  /** How the kernel's steps are done where some need whole images or files; absent: by the kernel, in one go. */
  readonly finishing?: Finishing
  /** Planes of constants of each memory cell, in the order the kernel reads them. */
  readonly planes: readonly PlaneRecipe[]
  /** Index of the first stage's mask, which most pixels have; absent: there is none. */
  readonly maskPlane?: number
  /** Raw frames that the kernel makes one frame of: 1, or the number of gain stages in parallel gain. */
  readonly rawFrames: number
  readonly gainMode: GainMode
  /** The steps that are done, in order of execution. */
  readonly steps: readonly string[]
  readonly skipped: readonly SkippedStep[]
  /** The bad-pixel maps that the mask is made of, by calibration; none without the step `mask`. */
  readonly maskMaps: readonly string[]
  /** Maps that belong to this mask and are not there. */
  readonly missingMaps: readonly string[]
}

/** What is asked for a module. */
export interface ChainRequest {
  /** As `parseSteps` returns them. */
  readonly steps: readonly string[]
  readonly options: StepOptions
  readonly gainMode: GainMode
  /** Raw frames of a pulse, see {@link Chain.rawFrames}. */
  readonly rawFrames: number
  /** Names of the calibrations that the module has constants of. */
  readonly available: ReadonlySet<string>
  /** The bad-pixel maps to make the mask of, by calibration; absent: those that come with the steps. */
  readonly maskMaps?: readonly string[]
}

/** The corrections of one detector. */
export interface Corrections {
  /** Every step, in order of execution. */
  readonly steps: StepTable
  /** What is done when nothing else is asked, the same in batch and online. */
  readonly defaultSteps: readonly string[]
  /** What the facility does by default. */
  readonly productionSteps: readonly string[]
  /**
   * Decides what is done for a module. A step whose constant is missing is skipped.
   * @throws ConstantsError if constants are missing that the steps cannot do without; the caller adds the module.
   * @throws UsageError for an option that makes no sense.
   */
  resolve(request: ChainRequest): Chain
}

/** @throws ConstantsError naming those of `needed` that are not there. */
export function requireConstants(needed: readonly string[], available: ReadonlySet<string>): void {
  const missing = needed.filter(calibration => !available.has(calibration))
  if (missing.length > 0) throw new ConstantsError(`there is no ${missing.join(' and no ')}`)
}

/** Splits `steps` into those that can be done and those that `reasonAgainst` gives a reason to skip. */
export function withoutImpossible(
  steps: readonly string[],
  reasonAgainst: (step: string) => string | undefined,
): { readonly steps: readonly string[]; readonly skipped: readonly SkippedStep[] } {
  const skipped = steps.flatMap(step => {
    const reason = reasonAgainst(step)
    return reason === undefined ? [] : [{ step, reason }]
  })
  return { steps: steps.filter(step => !skipped.some(skip => skip.step === step)), skipped }
}

/** Bits of `params` that step `range` sets, the same in every kernel (docs/architecture.md, kernel contract). */
export function rangeFlags(on: boolean, options: StepOptions): number {
  if (!on) return 0
  return 2 | (Number(options.zeroNans) << 2) | (Number(options.zeroOrange) << 3)
}
