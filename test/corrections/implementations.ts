import type { AgipdKernel } from '../../src/corrections/agipd/chain.js'
import { type AgipdParams, agipdWords } from '../../src/corrections/agipd/params.js'
import { correctAgipdFrame } from '../../src/corrections/agipd/reference.js'
import { correctDsscFrame } from '../../src/corrections/dssc/reference.js'
import {
  correctionKernel,
  instantiateKernels,
  kernelModule,
  writeParams,
} from '../../src/corrections/kernel.js'
import { correctLpdFrame, correctParallelFrame } from '../../src/corrections/lpd/reference.js'
import type { ReferenceFrame } from '../../src/corrections/reference.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { TABLE_SCRATCH_BYTES } from '../../src/memory/lane-layout.js'

export type KernelName = AgipdKernel | 'lpd' | 'lpdParallel' | 'dssc'

/** One kernel call: frames of one memory cell. `constants` holds `planes` planes of `pixels` words. */
export interface Case {
  readonly kernel: KernelName
  /** Kernels of other detectors take what they know of it: step `range`. */
  readonly params: AgipdParams
  readonly pixels: number
  readonly constants: Uint32Array
  /** Raw planes of each frame, in parallel gain those of its three raw frames, one behind the other. */
  readonly raw: readonly Uint16Array[]
}

/** Raw bits of the results of one frame. */
export interface Result {
  readonly data: number[]
  readonly gain: number[]
  readonly mask: number[]
  readonly departures: number
}

export const PLANES: Readonly<Record<KernelName, number>> = {
  agipdAdaptive: 8,
  agipdAdaptiveGain: 13,
  agipdFixed: 2,
  agipdFixedGain: 5,
  lpd: 9,
  lpdParallel: 11,
  dssc: 2,
}

export function reference({ kernel, params, pixels, constants, raw }: Case): Result[] {
  return raw.map(plane => {
    const data = new Float32Array(pixels)
    const gain = new Uint8Array(pixels)
    const mask = new Uint32Array(pixels)
    const departures = correctFrame(kernel, params, constants, { raw: plane, data, gain, mask })
    return { data: [...new Uint32Array(data.buffer)], gain: [...gain], mask: [...mask], departures }
  })
}

function correctFrame(
  kernel: KernelName,
  params: AgipdParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint16Array>,
): number {
  if (kernel === 'lpd') return correctLpdFrame(params, constants, frame)
  if (kernel === 'lpdParallel')
    return correctParallelFrame(params, constants, { ...frame, raw: thirds(frame.raw) })
  if (kernel === 'dssc') return correctDsscFrame(params, constants, frame)
  return correctAgipdFrame(kernel, params, constants, frame)
}

function thirds(raw: Uint16Array): Uint16Array[] {
  const n = raw.length / 3
  return [raw.subarray(0, n), raw.subarray(n, 2 * n), raw.subarray(2 * n)]
}

const PAGE = 65536
const GUARD = 0xa5
const GUARD_BYTES = 64
const memory = new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true })
const kernels = instantiateKernels(kernelModule(), memory)

/** Lays the case out in a shared memory, with guard bytes around every result. */
export function wasm({ kernel, params, pixels, constants, raw }: Case): Result[] {
  const bytes = new Uint8Array(memory.buffer)
  let free = PAGE
  const place = (size: number): number => {
    const at = free
    free += Math.ceil((size + GUARD_BYTES) / 16) * 16
    bytes.fill(GUARD, at, free)
    return at
  }
  const put = (array: Uint32Array | Uint16Array): number => {
    const at = place(array.byteLength)
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    return at
  }
  const paramsAt = place(32)
  writeParams(memory.buffer, paramsAt, pixels, agipdWords(params))
  const constantsAt = put(constants)
  const tableBytes = 32 * raw.length + TABLE_SCRATCH_BYTES
  const tableAt = place(tableBytes)
  const table = new FrameTable(memory.buffer, tableAt, raw.length)
  const rawOf = (plane: Uint16Array) => {
    if (kernel !== 'lpdParallel') return { raw: put(plane) }
    const [first = 0, ...others] = thirds(plane).map(put)
    return { raw: first, others }
  }
  const entries = raw.map(plane => ({
    ...rawOf(plane),
    data: place(4 * pixels),
    gain: place(pixels),
    mask: place(4 * pixels),
  }))
  entries.forEach((entry, i) => {
    table.set(i, entry)
  })
  correctionKernel(kernels, kernel)(tableAt, raw.length, constantsAt, paramsAt)
  const intact = (end: number): void => {
    if (bytes.subarray(end, end + GUARD_BYTES).some(byte => byte !== GUARD))
      throw new Error('the kernel wrote beyond its planes')
  }
  intact(tableAt + tableBytes)
  return entries.map((entry, i) => {
    for (const end of [entry.data + 4 * pixels, entry.gain + pixels, entry.mask + 4 * pixels]) intact(end)
    return {
      data: [...new Uint32Array(memory.buffer, entry.data, pixels)],
      gain: [...bytes.subarray(entry.gain, entry.gain + pixels)],
      mask: [...new Uint32Array(memory.buffer, entry.mask, pixels)],
      departures: table.departures(i),
    }
  })
}

export const IMPLEMENTATIONS = { reference, wasm } as const
