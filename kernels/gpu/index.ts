import { agipdAdaptive, agipdAdaptiveGain, agipdFixed, agipdFixedGain } from './agipd.js'
import type { DeviceKernel } from './common.js'
import { dssc } from './dssc.js'
import { lpd, lpdParallel } from './lpd.js'

/** The correction kernels that devices have, by the names that chains give them. */
export const DEVICE_KERNELS: Readonly<Record<string, DeviceKernel>> = {
  agipdAdaptive,
  agipdAdaptiveGain,
  agipdFixed,
  agipdFixedGain,
  lpd,
  lpdParallel,
  dssc,
}

export { COMMON, type DeviceKernel, type DevicePlane, WORKGROUP } from './common.js'
export { LEAST_CONSTANT, PLANE_CODES, PREPARE } from './prepare.js'
