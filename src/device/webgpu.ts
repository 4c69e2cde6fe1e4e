/// <reference types="@webgpu/types" />
import { ADAPTER_LIMITS, type AdapterFacts } from '../engine/contract/device.js'
import { DeviceRefusedError } from './refused.js'

/** The release that is known to work; package.json has it as an optional peer. */
const PACKAGE = 'webgpu@0.6.2'

/** Uses of buffers (the specification's GPUBufferUsage). */
export const USAGE = {
  mapRead: 0x1,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
} as const

/** The specification's GPUMapMode.READ. */
export const MAP_READ = 1

/** Allows software adapters: for tests, since the kernels of the processor are several times faster. */
const SOFTWARE = 'DETCAL_SOFTWARE_GPU'

/** Kept for ever: with it the process would lose everything that was made of it, and end. */
let started: GPU | undefined

/** WebGPU as the package gives it. @throws DeviceRefusedError if it is not installed or does not start. */
export async function webGpu(): Promise<GPU> {
  try {
    const { create } = await import('webgpu')
    started ??= create([])
    return started
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND')
      throw new DeviceRefusedError('the package webgpu is not installed', `Run npm install ${PACKAGE}`)
    const [reason] = String(error).split('\n')
    throw new DeviceRefusedError(`the package webgpu does not start: ${reason}`, `Run npm install ${PACKAGE}`)
  }
}

/** Every adapter that can be asked for, the fastest first. */
export async function adaptersOf(gpu: GPU): Promise<GPUAdapter[]> {
  const asked: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ]
  const found = new Map<string, GPUAdapter>()
  for (const options of asked) {
    const adapter = await gpu.requestAdapter(options)
    if (adapter === null) continue
    const key = JSON.stringify(factsOf(adapter))
    if (!found.has(key)) found.set(key, adapter)
  }
  return [...found.values()]
}

export function factsOf({ info, limits }: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description } = info
  return {
    name: description || device || vendor || 'adapter without a name',
    ...{ vendor, architecture, software: info.isFallbackAdapter },
    limits: Object.fromEntries(ADAPTER_LIMITS.map(name => [name, limits[name]])) as AdapterFacts['limits'],
  }
}

/** Why an adapter must not be used; undefined: it may. */
export function reasonAgainstAdapter({ name, software, limits }: AdapterFacts): string | undefined {
  if (software && process.env[SOFTWARE] !== '1')
    return `${name} calculates on the processor, where the kernels of detcal are faster`
  // Frames, raw, constants, data, gain, mask.
  if (limits.maxStorageBuffersPerShaderStage < 6)
    return `${name} takes ${limits.maxStorageBuffersPerShaderStage} storage buffers at a time, 6 are needed`
  return undefined
}
