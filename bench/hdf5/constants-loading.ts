import { statSync } from 'node:fs'
import { describeConstants } from '../../constants/files/layout.js'
import { type ConstantSource, locateConstant } from '../../constants/files/source.js'
import { loadPlanes } from '../../constants/loading/load.js'
import { calibrationsOf, type PlaneRecipe } from '../../src/corrections/planes.js'
import { DEFAULT_STEP_OPTIONS, parseSteps } from '../../src/corrections/steps.js'
import { AGIPD_CORRECTIONS } from '../../src/kits/agipd/chain.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { Lane } from '../../src/memory/lane.js'
import { laneLayout, slotOffset } from '../../src/memory/lane-layout.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { PIXELS, TILE } from '../kernels/workload.js'
import { type Contender, timeAwaited } from '../rounds.js'

/** One module's constants of the default chain, in their file. */
export interface StoredConstants {
  readonly file: string
  readonly sources: ReadonlyMap<string, ConstantSource>
  readonly planes: readonly PlaneRecipe[]
  readonly cells: number
  /** Bytes of the elements that the chain needs. */
  readonly bytes: number
}

export async function storedConstants(file: string, cells: number): Promise<StoredConstants> {
  const stored = await describeConstants(file)
  const chain = AGIPD_CORRECTIONS.resolve({
    steps: parseSteps(AGIPD_CORRECTIONS.steps, AGIPD_CORRECTIONS.defaultSteps, 0),
    options: DEFAULT_STEP_OPTIONS,
    gainMode: 0,
    rawFrames: 1,
    available: new Set(stored.map(({ calibration }) => calibration)),
  })
  const sources = new Map<string, ConstantSource>()
  let bytes = 0
  for (const name of calibrationsOf(chain.planes)) {
    const found = stored.find(({ calibration }) => calibration === name)
    const { dtype, dims } = found ?? {}
    if (found === undefined || dtype === undefined || dims === undefined) continue
    sources.set(
      name,
      await locateConstant(AGIPD_1M, { ...found, dtype, dims, path: file, size: statSync(file).size }),
    )
    bytes += found.shape.reduce((product, length) => product * length, Number(dtype.slice(1)))
  }
  return { file, sources, planes: chain.planes, cells, bytes }
}

/** Rows that a worker of the engine loads at once. */
const STRIP = 32

/** Into kernel layout, strip by strip, by one thread. */
export function loading({ sources, planes, cells }: StoredConstants): Contender {
  const layout = laneLayout({
    pixels: PIXELS,
    cells,
    planes: planes.length,
    rawFrameBytes: 4 * PIXELS,
    slotRawFrames: 32,
    slotFrames: TILE,
    slots: 1,
  })
  const { memory } = Lane.allocate(layout).handle
  const kernels = instantiateKernels(kernelModule(), memory)
  const pass = async (): Promise<void> => {
    for (let row = 0; row < AGIPD_1M.slowScan; row += STRIP)
      await loadPlanes({
        detector: AGIPD_1M,
        buffer: memory.buffer,
        kernels,
        base: layout.constants,
        cells: Array.from({ length: cells }, (_, cell) => cell),
        planes,
        constants: sources,
        slowScan: [row, row + STRIP],
        scratch: new Uint8Array(memory.buffer, slotOffset(layout, 0), layout.slot.bytes),
      })
  }
  return {
    implementation: 'detcal',
    note: 'into kernel layout, one thread',
    run: passes => timeAwaited(passes, pass),
  }
}
