import type { ReferenceFrame } from '../corrections/reference.js'
import type { AgipdParams } from '../kits/agipd/params.js'
import { correctAgipdFrame } from '../kits/agipd/reference.js'
import { correctDsscFrame } from '../kits/dssc/reference.js'
import { correctLpdFrame, correctParallelFrame } from '../kits/lpd/reference.js'

/** One frame by the definition of a kernel; raw frames of a pulse one behind the other, constants as the kernel reads them. */
export type ReferenceOfKernel = (
  params: AgipdParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint16Array>,
) => void

/** The definitions that kernels of devices are compared with, by kernel. */
export const REFERENCES: Readonly<Record<string, ReferenceOfKernel>> = {
  agipdAdaptive: (...frame) => correctAgipdFrame('agipdAdaptive', ...frame),
  agipdAdaptiveGain: (...frame) => correctAgipdFrame('agipdAdaptiveGain', ...frame),
  agipdFixed: (...frame) => correctAgipdFrame('agipdFixed', ...frame),
  agipdFixedGain: (...frame) => correctAgipdFrame('agipdFixedGain', ...frame),
  lpd: correctLpdFrame,
  lpdParallel: (params, constants, frame) => {
    const { length } = frame.data
    const raw = [0, 1, 2].map(i => frame.raw.subarray(i * length, (i + 1) * length))
    correctParallelFrame(params, constants, { ...frame, raw })
  },
  dssc: correctDsscFrame,
}
