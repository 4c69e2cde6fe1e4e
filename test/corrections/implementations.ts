import type { ReferenceFrame } from '../../src/corrections/reference.js'
import type { AgipdKernel } from '../../src/kits/agipd/chain.js'
import { type AgipdParams, agipdWords } from '../../src/kits/agipd/params.js'
import { correctAgipdFrame, finishAgipdFrame, stageAgipdFrame } from '../../src/kits/agipd/reference.js'
import { correctDsscFrame } from '../../src/kits/dssc/reference.js'
import { correctLpdFrame, correctParallelFrame } from '../../src/kits/lpd/reference.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { TABLE_SCRATCH_BYTES } from '../../src/memory/lane-layout.js'
import {
  correctionKernel,
  instantiateKernels,
  kernelModule,
  listedKernel,
  stripKernel,
  writeParams,
} from '../../src/wasm/kernels.js'

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
  /** Where step zero-std was done: not 0 where all samples of a pixel are the same. AGIPD in parts only. */
  readonly still?: Uint8Array
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

export function reference({ kernel, params, pixels, constants, raw, still }: Case): Result[] {
  return raw.map(plane => {
    const data = new Float32Array(pixels)
    const gain = new Uint8Array(pixels)
    const mask = new Uint32Array(pixels)
    const departures = correctFrame(kernel, params, constants, { raw: plane, data, gain, mask }, still)
    return { data: [...new Uint32Array(data.buffer)], gain: [...gain], mask: [...mask], departures }
  })
}

function correctFrame(
  kernel: KernelName,
  params: AgipdParams,
  constants: Uint32Array,
  frame: ReferenceFrame<Uint16Array>,
  still?: Uint8Array,
): number {
  if (kernel === 'lpd') return correctLpdFrame(params, constants, frame)
  if (kernel === 'lpdParallel')
    return correctParallelFrame(params, constants, { ...frame, raw: thirds(frame.raw) })
  if (kernel === 'dssc') return correctDsscFrame(params, constants, frame)
  if (still === undefined) return correctAgipdFrame(kernel, params, constants, frame)
  const stages = stageAgipdFrame(kernel, params, constants, frame)
  return finishAgipdFrame(kernel, params, constants, { ...frame, raw: stages }, still)
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
export function wasm(input: Case): Result[] {
  return laidOut(input, false)
}

/** The listed form of the kernel, its lists turned into planes. */
export function listed(input: Case): Result[] {
  return laidOut(input, true)
}

/** Kernels that do it in two parts, as where something lies between them; others as {@link wasm}. */
export function split(input: Case): Result[] {
  return laidOut(input, false, true)
}

export function splitListed(input: Case): Result[] {
  return laidOut(input, true, true)
}

/** The two parts of a kernel. */
const PARTS: Partial<Record<KernelName, readonly [string, string]>> = {
  agipdAdaptive: ['agipdStages', 'agipdFinish'],
  agipdAdaptiveGain: ['agipdStages', 'agipdGainFinish'],
  agipdFixed: ['agipdFixedStages', 'agipdFixedFinish'],
  agipdFixedGain: ['agipdFixedStages', 'agipdFixedGainFinish'],
}

/** The plane of masks that pixels have which are not listed. */
const MASK_PLANE: Readonly<Record<KernelName, number>> = {
  agipdAdaptive: 1,
  agipdAdaptiveGain: 1,
  agipdFixed: 1,
  agipdFixedGain: 1,
  lpd: 2,
  lpdParallel: 2,
  dssc: 1,
}

function laidOut(
  { kernel, params, pixels, constants, raw, still }: Case,
  byLists: boolean,
  inParts = false,
): Result[] {
  const bytes = new Uint8Array(memory.buffer)
  let free = PAGE
  const place = (size: number): number => {
    const at = free
    free += Math.ceil((size + GUARD_BYTES) / 16) * 16
    bytes.fill(GUARD, at, free)
    return at
  }
  const put = (array: Uint32Array | Uint16Array | Uint8Array): number => {
    const at = place(array.byteLength)
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    return at
  }
  const intact = (end: number): void => {
    if (bytes.subarray(end, end + GUARD_BYTES).some(byte => byte !== GUARD))
      throw new Error('the kernel wrote beyond its planes')
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
  // Room for as many departures as there are pixels.
  const stillAt = still ? put(still) : 0
  const lists = entries.map(() => place(byLists ? 8 * pixels : 0))
  entries.forEach((entry, i) => {
    const list = lists[i]!
    const stages = byLists ? place(pixels) : entry.gain
    const whole = inParts && PARTS[kernel] ? { whole: { stages, still: stillAt, means: 0 } } : {}
    table.set(
      i,
      byLists ? { ...entry, ...whole, gain: list, mask: list + 8 * pixels } : { ...entry, ...whole },
    )
  })
  const [first, second] = (inParts && PARTS[kernel]) || []
  if (first && second) {
    const finish = stripKernel(kernels, byLists ? `${second}Listed` : second)
    // Two strips, as a module has eight.
    const half = (pixels >> 5) << 4
    for (const [from, to] of [
      [0, half],
      [half, pixels],
    ] as const) {
      stripKernel(kernels, first)(tableAt, raw.length, constantsAt, paramsAt, from, to)
      finish(tableAt, raw.length, constantsAt, paramsAt, from, to)
    }
  } else {
    const correct = byLists ? listedKernel(kernels, kernel)! : correctionKernel(kernels, kernel)
    correct(tableAt, raw.length, constantsAt, paramsAt)
  }
  if (byLists) {
    const masks = constants.subarray(MASK_PLANE[kernel] * pixels, (MASK_PLANE[kernel] + 1) * pixels)
    entries.forEach(({ gain, mask }, i) => {
      bytes.fill(kernel.startsWith('agipdFixed') ? params.stage : 0, gain, gain + pixels)
      new Uint32Array(memory.buffer, mask, pixels).set(masks)
      const words = new Uint32Array(memory.buffer, lists[i], 2 * table.departures(i))
      let last = -1
      for (let at = 0; at < words.length; at += 2) {
        const p = words[at]! & 0x1fffffff
        if (p <= last) throw new Error(`pixel ${p} is listed behind ${last}`)
        last = p
        const differs = (words[at]! & 0x20000000) !== 0
        if (differs !== (words[at + 1] !== masks[p])) throw new Error(`pixel ${p}: a wrong mark of its mask`)
        bytes[gain + p] = words[at]! >>> 30
        new Uint32Array(memory.buffer, mask, pixels)[p] = words[at + 1]!
      }
      intact(lists[i]! + 8 * pixels)
    })
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

export const IMPLEMENTATIONS = { reference, wasm, listed, split, splitListed } as const
