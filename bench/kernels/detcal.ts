import { agipdWords } from '../../src/corrections/agipd/params.js'
import { correctAgipdFrame } from '../../src/corrections/agipd/reference.js'
import {
  correctionKernel,
  instantiateKernels,
  kernelModule,
  writeParams,
} from '../../src/corrections/kernel.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { TABLE_ENTRY_BYTES } from '../../src/memory/lane-layout.js'
import { type Contender, timeHere } from '../rounds.js'
import { allocateResults, PARAMS, PIXELS, PLANES, type Problem, type Results, TILE } from './problem.js'

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

/** Where the problem lies in a WebAssembly memory of its own. */
interface Places {
  readonly memory: WebAssembly.Memory
  readonly constants: number
  readonly raw: number
  readonly data: number
  readonly gain: number
  readonly mask: number
}

/** The WebAssembly kernel, a call a tile of trains, as the engine calls it. */
export function detcalKernel(problem: Problem): KernelContender {
  const places = place(problem)
  const { memory, data, gain, mask } = places
  const { buffer } = memory
  const correct = correctionKernel(instantiateKernels(kernelModule(), memory), 'agipdAdaptive')
  const table = new FrameTable(buffer, TABLE_AT, TILE)
  writeParams(buffer, PARAMS_AT, PIXELS, agipdWords(PARAMS))

  const pass = (): void => {
    for (let first = 0; first < problem.frames; first += TILE) {
      const cell = Math.floor(first / problem.trains)
      const count = Math.min(TILE, (cell + 1) * problem.trains - first)
      for (let i = 0; i < count; i++) {
        const frame = first + i
        table.set(i, {
          raw: places.raw + frame * 4 * PIXELS,
          data: data + frame * 4 * PIXELS,
          gain: gain + frame * PIXELS,
          mask: mask + frame * 4 * PIXELS,
        })
      }
      correct(TABLE_AT, count, places.constants + cell * PLANES * PIXELS * 4, PARAMS_AT)
    }
  }
  const { pixels } = problem
  return {
    implementation: 'detcal',
    note: 'WebAssembly SIMD',
    run: passes => timeHere(passes, pass),
    results: () => ({
      data: new Float32Array(buffer, data, pixels),
      gain: new Uint8Array(buffer, gain, pixels),
      mask: new Uint32Array(buffer, mask, pixels),
    }),
  }
}

function place({ constants, raw, pixels }: Problem): Places {
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
export function referenceKernel(problem: Problem): KernelContender {
  const results = allocateResults(problem)
  const pass = (): void => {
    for (let frame = 0; frame < problem.frames; frame++) {
      const cell = Math.floor(frame / problem.trains)
      const [from, to] = [frame * PIXELS, (frame + 1) * PIXELS]
      correctAgipdFrame(
        'agipdAdaptive',
        PARAMS,
        problem.constants.subarray(cell * PLANES * PIXELS, (cell + 1) * PLANES * PIXELS),
        {
          raw: problem.raw.subarray(2 * from, 2 * to),
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
