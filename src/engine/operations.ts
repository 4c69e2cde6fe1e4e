import type { LoadReport } from '../../constants/load.js'
import type { ConstantSource } from '../../constants/source.js'
import type { Content } from '../../constants/store.js'
import type { PlaneRecipe } from '../corrections/planes.js'
import type { Detector } from '../detectors/detector.js'
import type { ErrorRecord } from '../model/errors.js'
import type { ChunkTarget } from '../sinks/image-file.js'
import type { Assignment } from './assignment.js'
import type { BlockInput } from './block-input.js'
import type { Block, TargetName } from './blocks.js'
import type { DarkOperations } from './dark/tasks.js'
import type { PhaseTimes } from './statistics.js'
import type { TileTask } from './tile-correction.js'

/** Corrects one block: tile by tile, frames are read into a slot and corrected, every chunk is written. */
export interface BlockTask extends Assignment, TileTask {
  readonly module: number
  readonly input: BlockInput
  readonly block: Block
  /** The files its chunks go to, under the chunk numbers that `block` has for each. */
  readonly targets: Readonly<Partial<Record<TargetName, ChunkTarget>>>
}

/** Where the deflated chunks of one dataset went, by chunk number. */
export interface PackedChunks {
  readonly indices: Float64Array
  readonly addresses: Float64Array
  readonly sizes: Float64Array
}

export interface TargetChunks {
  readonly gain: PackedChunks
  readonly mask: PackedChunks
}

export interface BlockResult {
  readonly chunks: Readonly<Partial<Record<TargetName, TargetChunks>>>
  readonly times: Partial<PhaseTimes>
}

/** Loads the constants of a strip of slow-scan rows into a lane; the slot's memory is scratch. */
export interface ConstantsTask extends Assignment {
  readonly detector: Detector
  readonly cells: readonly number[]
  readonly planes: readonly PlaneRecipe[]
  readonly constants: ReadonlyMap<string, ConstantSource>
  /** First row and the one behind the last. */
  readonly slowScan: readonly [number, number]
  readonly median?: number
}

export interface ConstantsResult {
  readonly report: LoadReport
  readonly times: Partial<PhaseTimes>
}

/** Planes `first …` of a pack of constants, to be moved between its file and a lane. */
export interface PackTask extends Assignment {
  readonly fd: number
  /** Byte of the file where the pack's first plane is. */
  readonly payload: number
  readonly planeBytes: number
  readonly first: number
  readonly count: number
}

export interface ReadPackTask extends PackTask {
  /** Four words for each of the planes. */
  readonly checksums: Uint32Array
}

export interface ReadPackResult {
  /** What is wrong with a plane; absent: all are sound. */
  readonly damage?: string
  readonly times: Partial<PhaseTimes>
}

export interface WritePackResult {
  /** Four words for each of the planes. */
  readonly checksums: Uint32Array
  readonly times: Partial<PhaseTimes>
}

/** Median of a module's finite SlopesFF, for `xray-gain`. */
export interface MedianTask {
  readonly detector: Detector
  readonly source: ConstantSource
}

/** Every operation a worker thread knows: one declaration, imported by both sides. */
export interface Operations extends DarkOperations {
  correctBlock(task: BlockTask): Promise<BlockResult>
  loadConstants(task: ConstantsTask): Promise<ConstantsResult>
  readPack(task: ReadPackTask): ReadPackResult
  writePack(task: PackTask): WritePackResult
  medianOf(task: MedianTask): Promise<number>
  /** Size and checksum of a file, by plain reads. */
  contentOf(task: { readonly path: string }): Content
  /** Nothing: the thread that answers has started. */
  ready(task: Readonly<Record<string, never>>): void
}

export type OperationName = keyof Operations
export type TaskOf<N extends OperationName> = Parameters<Operations[N]>[0]
export type ResultOf<N extends OperationName> = Awaited<ReturnType<Operations[N]>>

/** What a worker answers: errors travel as records, since classes do not survive `postMessage`. */
export type Answer<N extends OperationName> =
  | { readonly ok: true; readonly value: ResultOf<N> }
  | { readonly ok: false; readonly error: ErrorRecord | 'stopped' }
