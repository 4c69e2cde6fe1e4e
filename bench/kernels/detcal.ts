import { agipdWords } from '../../src/kits/agipd/params.js'
import { correctAgipdFrame } from '../../src/kits/agipd/reference.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { TABLE_ENTRY_BYTES } from '../../src/memory/lane-layout.js'
import {
  type CorrectionKernel,
  correctionKernel,
  instantiateKernels,
  kernelModule,
  listedKernel,
  writeParams,
} from '../../src/wasm/kernels.js'
import { type Contender, timeHere } from '../rounds.js'
import {
  allocateResults,
  MASK_PLANE,
  PARAMS,
  PIXELS,
  PLANES,
  type Results,
  TILE,
  type Workload,
} from './workload.js'

/** A contender of the kernel benchmark: its results can be looked at. */
export interface KernelContender extends Contender {
  /** What the last pass left. */
  results(): Results | Promise<Results>
}

const PAGE = 65536
/** The kernels' own data lie in page 0; parameters and one table follow. */
const PARAMS_AT = PAGE
const TABLE_AT = PAGE + 4096
const PLACES_AT = 2 * PAGE
/** Of a listed departure's first word (kernels/table.ts): its pixel, and where its gain is. */
const LISTED_PIXEL = 0x1fffffff
const LISTED_GAIN = 30

/** Where the workload lies in a WebAssembly memory of its own. */
interface Places {
  readonly memory: WebAssembly.Memory
  readonly constants: number
  readonly raw: number
  readonly data: number
  readonly gain: number
  readonly mask: number
}

/** The WebAssembly kernel, a call a tile of trains, as the engine calls it. */
export function detcalKernel(workload: Workload): KernelContender {
  const places = place(workload)
  const { buffer } = places.memory
  const correct = correctionKernel(instantiateKernels(kernelModule(), places.memory), 'agipdAdaptive')
  const planesOf = (frame: number) => ({
    gain: places.gain + frame * PIXELS,
    mask: places.mask + frame * 4 * PIXELS,
  })
  const { pixels } = workload
  return {
    implementation: 'detcal',
    note: 'WebAssembly SIMD',
    run: passes => timeHere(passes, passOver(workload, places, correct, planesOf)),
    results: () => ({
      data: new Float32Array(buffer, places.data, pixels),
      gain: new Uint8Array(buffer, places.gain, pixels),
      mask: new Uint32Array(buffer, places.mask, pixels),
    }),
  }
}

/**
 * The form of the kernel that batch uses: in place of gain and mask it lists the pixels that depart from the first stage,
 * each frame's where its gain plane would be.
 */
export function detcalListing(workload: Workload): KernelContender {
  const places = place(workload)
  const correct = listedKernel(instantiateKernels(kernelModule(), places.memory), 'agipdAdaptive')
  if (correct === undefined) throw new Error('the kernel has no listed form')
  const departures = new Uint32Array(workload.frames)
  const listOf = (frame: number) => ({
    gain: places.gain + frame * PIXELS,
    mask: places.gain + (frame + 1) * PIXELS,
  })
  return {
    implementation: 'detcal, listing',
    note: 'as in batch: gain and mask as lists of what departs, 8 bytes moved a pixel',
    run: passes => timeHere(passes, passOver(workload, places, correct, listOf, departures)),
    results: () => fromLists(workload, places, departures),
  }
}

/**
 * Calls `correct` for every tile.
 * @param others what the table says of a frame's gain and mask.
 * @param departures takes the number of each frame's.
 */
function passOver(
  workload: Workload,
  { memory: { buffer }, constants, raw, data }: Places,
  correct: CorrectionKernel,
  others: (frame: number) => { gain: number; mask: number },
  departures?: Uint32Array,
): () => void {
  const table = new FrameTable(buffer, TABLE_AT, TILE)
  writeParams(buffer, PARAMS_AT, PIXELS, agipdWords(PARAMS))
  return () => {
    for (let first = 0; first < workload.frames; first += TILE) {
      const cell = Math.floor(first / workload.trains)
      const count = Math.min(TILE, (cell + 1) * workload.trains - first)
      for (let i = 0; i < count; i++) {
        const at = (first + i) * 4 * PIXELS
        table.set(i, { raw: raw + at, data: data + at, ...others(first + i) })
      }
      correct(TABLE_AT, count, constants + cell * PLANES * PIXELS * 4, PARAMS_AT)
      if (departures) for (let i = 0; i < count; i++) departures[first + i] = table.departures(i)
    }
  }
}

/** The planes that lists stand for: those of the first stage but for what is listed (kernels/table.ts). */
function fromLists(workload: Workload, places: Places, departures: Uint32Array): Results {
  const { buffer } = places.memory
  const { gain, mask } = allocateResults(workload)
  for (let frame = 0; frame < workload.frames; frame++) {
    const cell = Math.floor(frame / workload.trains)
    const first = (cell * PLANES + MASK_PLANE) * PIXELS
    const [from, count] = [frame * PIXELS, departures[frame] ?? 0]
    mask.set(workload.constants.subarray(first, first + PIXELS), from)
    const list = new Uint32Array(buffer, places.gain + from, 2 * count)
    for (let i = 0; i < list.length; i += 2) {
      const [word = 0, bits = 0] = [list[i], list[i + 1]]
      const pixel = from + (word & LISTED_PIXEL)
      gain[pixel] = word >>> LISTED_GAIN
      mask[pixel] = bits
    }
  }
  return { data: new Float32Array(buffer, places.data, workload.pixels), gain, mask }
}

function place({ constants, raw, pixels }: Workload): Places {
  const sizes = [constants.byteLength, raw.byteLength, 4 * pixels, pixels, 4 * pixels]
  const starts: number[] = []
  let end = PLACES_AT
  for (const size of sizes) {
    starts.push(end)
    end += Math.ceil(size / PAGE) * PAGE
  }
  const pages = Math.ceil(Math.max(end, TABLE_AT + TILE * TABLE_ENTRY_BYTES) / PAGE)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const [constantsAt = 0, rawAt = 0, data = 0, gain = 0, mask = 0] = starts
  new Uint32Array(memory.buffer, constantsAt).set(constants)
  new Uint16Array(memory.buffer, rawAt).set(raw)
  return { memory, constants: constantsAt, raw: rawAt, data, gain, mask }
}

/** The reference implementation: what the others must equal. */
export function referenceKernel(workload: Workload): KernelContender {
  const results = allocateResults(workload)
  const pass = (): void => {
    for (let frame = 0; frame < workload.frames; frame++) {
      const cell = Math.floor(frame / workload.trains)
      const [from, to] = [frame * PIXELS, (frame + 1) * PIXELS]
      correctAgipdFrame(
        'agipdAdaptive',
        PARAMS,
        workload.constants.subarray(cell * PLANES * PIXELS, (cell + 1) * PLANES * PIXELS),
        {
          raw: workload.raw.subarray(2 * from, 2 * to),
          data: results.data.subarray(from, to),
          gain: results.gain.subarray(from, to),
          mask: results.mask.subarray(from, to),
        },
      )
    }
  }
  return {
    implementation: 'detcal reference',
    note: 'TypeScript, the definition',
    run: passes => timeHere(passes, pass),
    results: () => results,
  }
}
