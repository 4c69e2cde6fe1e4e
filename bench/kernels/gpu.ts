import { timeHere } from '../rounds.js'
import type { KernelContender } from './detcal.js'
import { allocateResults, PARAMS, PIXELS, PLANES, type Workload } from './workload.js'

/** The parts of gpu.js that are used. */
interface GpuModule {
  readonly GPU: new (options: {
    mode: 'cpu'
  }) => {
    createKernelMap(
      maps: Readonly<Record<string, (value: number) => number>>,
      kernel: (this: Thread, ...planes: ArrayLike<number>[]) => number,
      options: { output: number[]; constants: Record<string, number> },
    ): (...planes: ArrayLike<number>[]) => Readonly<Record<'result' | 'gain' | 'mask', Float32Array>>
  }
}

interface Thread {
  readonly thread: { readonly x: number }
  readonly constants: { readonly mg: number; readonly hg: number }
}

/**
 * gpu.js in its CPU mode, a call a frame. It computes in f64 and stores f32, which gives the same bits here; masks
 * pass through f32, which holds those in use. Undefined where gpu.js cannot be had, which `say` is told: an installed
 * detcal comes without it.
 */
export async function gpuKernel(
  workload: Workload,
  say: (text: string) => void,
): Promise<KernelContender | undefined> {
  let gpu: InstanceType<GpuModule['GPU']>
  try {
    // Its types stand in the way of its own CPU mode: typed arrays of all kinds are taken, kernel maps are functions.
    const { default: module } = (await import('gpu.js')) as unknown as { default: GpuModule }
    gpu = new module.GPU({ mode: 'cpu' })
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    const [reason] = String(error).split('\n')
    say(`gpu.js is left out: ${missing ? 'it is not installed; npm ci in a clone brings it' : reason}`)
    return undefined
  }
  const kernel = gpu.createKernelMap({ gain: gainOf, mask: maskOf }, pixel, {
    output: [PIXELS],
    constants: { mg: PARAMS.forceMgLimit, hg: PARAMS.forceHgLimit },
  })
  const { data, gain, mask } = allocateResults(workload)
  const floats = new Float32Array(workload.constants.buffer)
  const pass = (): void => {
    for (let frame = 0; frame < workload.frames; frame++) {
      const cell = Math.floor(frame / workload.trains)
      const signal = frame * 2 * PIXELS
      const at = (plane: number): [number, number] => {
        const from = (cell * PLANES + plane) * PIXELS
        return [from, from + PIXELS]
      }
      const out = kernel(
        workload.raw.subarray(signal, signal + PIXELS),
        workload.raw.subarray(signal + PIXELS, signal + 2 * PIXELS),
        ...[0, 2, 3, 4, 6].map(plane => floats.subarray(...at(plane))),
        ...[1, 5, 7].map(plane => workload.constants.subarray(...at(plane))),
      )
      data.set(out.result, frame * PIXELS)
      gain.set(out.gain, frame * PIXELS)
      mask.set(out.mask, frame * PIXELS)
    }
  }
  return {
    implementation: 'gpu.js',
    note: 'CPU mode',
    run: passes => timeHere(passes, pass),
    results: () => ({ data, gain, mask }),
  }
}

// gpu.js translates the text of these functions, so they use what it knows: numbers, ifs, no fround, no bits.

function gainOf(g: number): number {
  return g
}

function maskOf(m: number): number {
  return m
}

function pixel(
  this: Thread,
  s: ArrayLike<number>,
  r: ArrayLike<number>,
  o0: ArrayLike<number>,
  t0: ArrayLike<number>,
  t1: ArrayLike<number>,
  o1: ArrayLike<number>,
  o2: ArrayLike<number>,
  m0: ArrayLike<number>,
  m1: ArrayLike<number>,
  m2: ArrayLike<number>,
): number {
  const p = this.thread.x
  const signal = s[p]!
  let d = signal - o0[p]!
  let g = 0
  let m = m0[p]!
  if (r[p]! > t0[p]! || r[p]! > t1[p]!) {
    const medium = signal - o1[p]!
    g = r[p]! > t1[p]! ? 2 : 1
    if (g === 2 && medium < this.constants.mg) g = 1
    if (d < this.constants.hg) g = 0
    if (g === 1) {
      d = medium
      if (medium < 0) d = 0
      m = m1[p]!
    }
    if (g === 2) {
      d = signal - o2[p]!
      m = m2[p]!
    }
  }
  if (Math.abs(d) > 10000000) m += 4096
  gainOf(g)
  maskOf(m)
  return d
}
