import { admitDevice, type OpenDevice } from '../../src/device/door.js'
import { firstDifference, type Trial } from '../../src/device/trial.js'
import { kernelCorrector } from '../../src/engine/worker/kernel-corrector.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { type Result, resultOf } from '../result.js'
import { type Contender, measure, timeAwaited, timeHere } from '../rounds.js'
import type { SuiteOptions } from '../suite.js'
import { DEVICE_CHAINS, deviceWorkload, TILE_FRAMES, tileOf } from './device-workload.js'
import { openPortable, type Portable } from './portable.js'
import { KERNEL_BYTES } from './workload.js'

/** Cells of a working set beyond caches; with `--quick` one. */
const CELLS = 8
/** Runs of a kernel over the same frames, against one. */
const REPEATS = 6

/**
 * The kernels of devices beside those of the processor, by detector and chain: with transfers, two calls in flight as the engine
 * has them, and the kernel alone; and the portable form through gpu.js.
 * @throws DeviceRefusedError if there is no device that may be used.
 */
export async function benchDevice(options: SuiteOptions): Promise<Result[]> {
  const open = await admitDevice()
  try {
    const results: Result[] = []
    for (const [kernel, chain] of Object.entries(DEVICE_CHAINS))
      results.push(...(await chainOn(open, kernel, `on ${open.device.facts.name}: ${chain}`, options)))
    return results
  } finally {
    open.corrector.close()
    await open.device.close()
  }
}

async function chainOn(
  open: OpenDevice,
  kernel: string,
  name: string,
  { quick, rounds, seed, signal, onProgress }: SuiteOptions,
): Promise<Result[]> {
  const say = (text: string): void => {
    signal.throwIfAborted()
    onProgress(`${name}: ${text}`)
  }
  say('making the data')
  const trial = deviceWorkload(kernel, quick ? 1 : CELLS, seed)
  const frames = trial.tile.positions.length
  const pixels = frames * trial.slot.layout.pixels
  const portable = await portableOf(kernel, trial, say)
  try {
    const contenders: Contender[] = [
      onProcessor(trial),
      onDevice(open, trial),
      kernelAlone(open, trial),
      ...(portable ? [throughGpuJs(portable, trial)] : []),
    ]
    const [own, ...others] = contenders
    if (own === undefined) return []
    const options = { rounds, leastNs: quick ? 0 : 1e8, warmUp: true, onProgress: say }
    const series = await measure(own, others, options)
    const notes = await otherBits(trial, contenders)
    return series.map(one => {
      const note = [one.note, notes.get(one.implementation)].filter(Boolean).join('; ')
      return resultOf({ name, pixels, bytesPerPixel: bytesOf(trial) }, { ...one, ...(note ? { note } : {}) })
    })
  } finally {
    await portable?.close()
  }
}

/** Raw bytes of a pixel and what they become: what goes over the link, and through the device's memory, constants aside. */
function bytesOf({ slot }: Trial): number {
  const { rawFrameBytes, pixels } = slot.layout
  return rawFrameBytes / pixels + KERNEL_BYTES - 4
}

async function portableOf(
  kernel: string,
  { slot }: Trial,
  say: (text: string) => void,
): Promise<Portable | undefined> {
  try {
    return await openPortable(kernel, slot.layout.pixels, TILE_FRAMES)
  } catch (error) {
    say(`gpu.js is left out: ${String(error).split('\n')[0]}`)
    return undefined
  }
}

function tilesFrom(trial: Trial): number[] {
  return Array.from({ length: trial.tile.positions.length / TILE_FRAMES }, (_, i) => i * TILE_FRAMES)
}

function onProcessor(trial: Trial): Contender {
  const kernels = instantiateKernels(kernelModule(), trial.slot.lane.memory)
  const corrector = kernelCorrector(trial.module, trial.slot, kernels)
  return {
    implementation: 'detcal',
    note: 'WebAssembly SIMD, one thread',
    run: passes =>
      timeHere(passes, () => {
        for (const first of tilesFrom(trial)) void corrector.correct(tileOf(trial, first), 'planes')
      }),
  }
}

function onDevice({ corrector }: OpenDevice, trial: Trial): Contender {
  const { module, slot } = trial
  const tiles = tilesFrom(trial)
  const half = async (from: number): Promise<void> => {
    for (let i = from; i < tiles.length; i += 2)
      await corrector.correct(module, slot, tileOf(trial, tiles[i] ?? 0))
  }
  return {
    implementation: 'detcal, WGSL',
    note: 'with transfers, two calls in flight',
    run: passes => timeAwaited(passes, async () => void (await Promise.all([half(0), half(1)]))),
  }
}

function kernelAlone({ corrector }: OpenDevice, trial: Trial): Contender {
  const { module, slot } = trial
  const pass = (repeats: number) => async () => {
    for (const first of tilesFrom(trial)) await corrector.correct(module, slot, tileOf(trial, first), repeats)
  }
  return {
    implementation: 'detcal, WGSL, kernel alone',
    note: 'a further run over the same frames',
    run: async passes => {
      const once = await timeAwaited(passes, pass(1))
      const often = await timeAwaited(passes, pass(REPEATS))
      return { ns: Math.max(1, often.ns - once.ns) / (REPEATS - 1) }
    },
  }
}

function throughGpuJs(portable: Portable, trial: Trial): Contender {
  return {
    implementation: 'gpu.js, WebGPU',
    note: 'the portable form, with transfers and conversions',
    run: passes =>
      timeAwaited(passes, async () => {
        for (const first of tilesFrom(trial)) await portable.correct(trial, first)
      }),
  }
}

/** Whose results are not those of the definition. @throws Error if detcal's own are not. */
async function otherBits(trial: Trial, contenders: readonly Contender[]): Promise<Map<string, string>> {
  const notes = new Map<string, string>()
  for (const { implementation, run } of contenders) {
    for (const position of trial.tile.positions) trial.slot.data(position).fill(0xa5)
    await run(1)
    const found = firstDifference(trial)
    if (found === undefined) continue
    const text = `${found.what} of frame ${found.frame}, pixel ${found.pixel}: ${found.found.toString(16)}, not ${found.expected.toString(16)}`
    if (implementation.startsWith('detcal')) throw new Error(`${implementation} has other bits: ${text}`)
    notes.set(implementation, `other bits than the definition (${text})`)
  }
  return notes
}
