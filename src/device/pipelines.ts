import { COMMON, DEVICE_KERNELS, type DeviceKernel, PREPARE } from '../../kernels/gpu/index.js'
import { type Device, DeviceError } from './device.js'

/** A correction kernel, compiled for a device. */
export interface CompiledKernel extends DeviceKernel {
  readonly pipeline: GPUComputePipeline
}

/** What a device has to run: the correction kernels by name, and what prepares constants. */
export interface Pipelines {
  readonly kernels: ReadonlyMap<string, CompiledKernel>
  readonly prepare: GPUComputePipeline
}

/** Compiles kernels, by name. @throws DeviceError if the device does not take one, with the compiler's words. */
export async function compileAll(
  device: Device,
  sources: Readonly<Record<string, DeviceKernel>> = DEVICE_KERNELS,
): Promise<Pipelines> {
  const kernels = Object.entries(sources).map(async ([name, kernel]) => {
    const pipeline = await compiled(device, name, COMMON + kernel.wgsl)
    return [name, { ...kernel, pipeline }] as const
  })
  return { kernels: new Map(await Promise.all(kernels)), prepare: await compiled(device, 'prepare', PREPARE) }
}

/** @throws DeviceError */
export async function compiled(device: Device, name: string, code: string): Promise<GPUComputePipeline> {
  const module = await device.checked(() => device.gpu.createShaderModule({ label: name, code }))
  try {
    return await device.gpu.createComputePipelineAsync({
      label: name,
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    })
  } catch (error) {
    throw new DeviceError(`kernel ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
