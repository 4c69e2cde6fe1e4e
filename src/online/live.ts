import type { Place } from '../model/errors.js'

/** What can be looked at of a train: a plane of each module. */
export const VIEW_LAYERS = ['raw', 'corrected', 'gain', 'mask'] as const
export type ViewLayer = (typeof VIEW_LAYERS)[number]

/** A picture that somebody looks at: one frame of each train, by its index, or the mean of all its frames. */
export interface View {
  readonly layer: ViewLayer
  /** Index of the frame among those that are corrected; `mean`: of finite values, not for gain and mask. */
  readonly frame: number | 'mean'
}

/** The planes of one train for a {@link View}. */
export interface ViewPlanes {
  readonly view: View
  readonly train: number
  /**
   * `[module][slow scan][fast scan]`: ADU or keV as the steps leave them, raw numbers, gain stages 0 to 2, or bad-pixel bits
   * (exact: below 2^24); NaN in modules that are missing. Bad pixels are not replaced.
   */
  readonly planes: Float32Array
  /** Which modules the train has. */
  readonly present: readonly boolean[]
}

/** What may be changed while the service runs. */
export interface LiveSettings {
  /** The complete set of steps; empty: none, raw numbers as they are. */
  readonly steps: readonly string[]
  /** Slice over the frames of a train, `A:B[:S]`; absent: all. */
  readonly pulses?: string
  /** Only trains whose id is a multiple of this. */
  readonly stride: number
}

/** Why a train, or its part of a module, was not corrected or not published. */
export const LOSS_CAUSES = [
  'damaged', // a message that is not one, or arrays that do not fit
  'duplicate', // a second part of a module in one train
  'late', // a part of a train that was joined already
  'disagreeing', // pulses or cells other than most modules'
  'incomplete', // modules missing, where only complete trains are wanted
  'uncorrected', // its constants are not there, or its correction failed
  'unconsumed', // nobody took it in time: the policy of the output
] as const
export type LossCause = (typeof LOSS_CAUSES)[number]

/** One train as it went through: what trends are drawn of. */
export interface TrainRecord {
  readonly train: number
  /** When it was published, ms since 1970. */
  readonly at: number
  /** ms from the last byte in to the first byte out. */
  readonly latency: number
  /** Mean of finite corrected values over a sample of its pixels; NaN where there is none. */
  readonly intensity: number
  readonly modules: number
  readonly frames: number
}

export interface SourceStatus {
  readonly endpoint: string
  readonly socket: string
  readonly messages: number
  readonly bytes: number
  /** ms since 1970; absent: nothing came yet. */
  readonly lastAt?: number
}

export interface OutputStatus {
  readonly endpoint: string
  readonly socket: string
  readonly sent: number
  readonly dropped: number
}

export interface ModuleStatus {
  readonly module: number
  /** `waiting`: nothing came of it yet. */
  readonly state: 'waiting' | 'ok' | 'missing' | 'failed'
  /** Trains with and without it. */
  readonly trains: number
  readonly missing: number
  /** Why it is not corrected. */
  readonly problem?: string
}

/** A constant in use. */
export interface ConstantStatus {
  readonly module: number
  readonly calibration: string
  /** When its validity begins, ISO 8601. */
  readonly from: string
  readonly file: string
}

/** Something that went wrong, the newest first. */
export interface Incident {
  /** ms since 1970. */
  readonly at: number
  readonly cause: LossCause | 'source' | 'output' | 'constants' | 'device'
  readonly message: string
  readonly place: Place
}

/** What a service is doing, as plain JSON. */
export interface OnlineStatus {
  /**
   * `waiting`: for the first train; `stalled`: trains came, and none for some seconds; `failing`: trains come, and for some
   * seconds all were lost.
   */
  readonly state: 'waiting' | 'loading' | 'running' | 'failing' | 'stalled' | 'stopping'
  readonly version: string
  /** ms since 1970. */
  readonly startedAt: number
  readonly detector?: {
    readonly id: string
    readonly name: string
    readonly karaboId: string
    readonly moduleCount: number
    readonly slowScan: number
    readonly fastScan: number
  }
  readonly settings: LiveSettings
  /** The steps that may be switched, in order of execution. */
  readonly knownSteps: readonly string[]
  readonly sources: readonly SourceStatus[]
  readonly outputs: readonly OutputStatus[]
  readonly modules: readonly ModuleStatus[]
  readonly constants: readonly ConstantStatus[]
  readonly trains: {
    readonly received: number
    /** Given to the outputs, which may drop those that nobody takes. */
    readonly published: number
    readonly complete: number
    readonly partial: number
    /** Left out by stride or filter. */
    readonly skipped: number
    readonly lost: Readonly<Record<LossCause, number>>
    /** Share of joined trains that were complete; NaN before the first. */
    readonly matching: number
  }
  /** Over the last seconds. */
  readonly rates: { readonly trains: number; readonly bytesIn: number; readonly bytesOut: number }
  /** ms, of the last thousand trains; NaN before the first. */
  readonly latency: { readonly p50: number; readonly p99: number }
  /** Resident bytes of the process. */
  readonly memory: number
  /** Newest last, some hundred. */
  readonly recent: readonly TrainRecord[]
  readonly incidents: readonly Incident[]
}

/** A running service as the page sees it. */
export interface LiveService {
  status(): OnlineStatus
  /**
   * Changes settings from the next train on; resolves when they are in force. No train is lost meanwhile.
   * @throws UsageError for settings that cannot be; @throws ConstantsError if their constants are not there. The old ones stay.
   */
  change(settings: Partial<LiveSettings>): Promise<void>
  /** Looks up and loads constants anew. @throws ConstantsError; the old ones stay. */
  reloadConstants(): Promise<void>
  /**
   * Calls `take` with planes of a train now and then: at most every `interval` ms, and not again before it has returned.
   * @returns ends it.
   */
  watch(view: View, interval: number, take: (planes: ViewPlanes) => void | Promise<void>): () => void
}
