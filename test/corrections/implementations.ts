import type { KernelName, KernelParams } from '../../src/corrections/chain.js'
import { instantiateKernels, kernelModule, writeParams } from '../../src/corrections/kernel.js'
import { correctFrame } from '../../src/corrections/reference.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { TABLE_SCRATCH_BYTES } from '../../src/memory/lane-layout.js'

/** One kernel call: frames of one memory cell. `constants` holds `planes` planes of `pixels` words. */
export interface Case {
  readonly kernel: KernelName
  readonly params: KernelParams
  readonly pixels: number
  readonly constants: Uint32Array
  /** Raw planes of each frame. */
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
  writeParams(memory.buffer, paramsAt, pixels, params)
  const constantsAt = put(constants)
  const tableBytes = 32 * raw.length + TABLE_SCRATCH_BYTES
  const tableAt = place(tableBytes)
  const table = new FrameTable(memory.buffer, tableAt, raw.length)
  const entries = raw.map(plane => ({
    raw: put(plane),
    data: place(4 * pixels),
    gain: place(pixels),
    mask: place(4 * pixels),
  }))
  entries.forEach((entry, i) => {
    table.set(i, entry)
  })
  kernels[kernel](tableAt, raw.length, constantsAt, paramsAt)
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
