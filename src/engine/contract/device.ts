import { operation } from './operation.js'

/** What is known of an adapter, a GPU as WebGPU shows it. */
export interface AdapterFacts {
  readonly name: string
  readonly vendor: string
  readonly architecture: string
  /** It calculates on the processor. */
  readonly software: boolean
  readonly limits: Readonly<Record<AdapterLimit, number>>
}

/** The limits that matter to corrections. */
export const ADAPTER_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupsPerDimension',
] as const
export type AdapterLimit = (typeof ADAPTER_LIMITS)[number]

/** What a self-test did: every kernel equals its definition, bit by bit. */
export interface SelfTest {
  readonly kernels: number
  /** Pixels of frames that were compared. */
  readonly pixels: number
  readonly milliseconds: number
}

/** Which device a thread has, or why it has none. */
export type DeviceReport =
  | { readonly adapter: AdapterFacts; readonly selfTest: SelfTest }
  | { readonly refused: string; readonly hint?: string }

/** Opens the device of the thread and tests it. */
export const openDevice = operation<{ readonly thread: number }, DeviceReport>('openDevice')

/** Ends it: a thread must not end before. */
export const closeDevice = operation<{ readonly thread: number }, void>('closeDevice')

/** Where frames are corrected: by the processor alone, on a GPU too, or on a GPU too if there is one that may be used. */
export const DEVICE_USES = ['cpu', 'gpu', 'auto'] as const
export type DeviceUse = (typeof DEVICE_USES)[number]
