import { instantiateKernels, kernelModule } from '../../src/corrections/kernel.js'
import { tilesOf } from '../../src/engine/contract/blocks.js'
import { PhaseTotals } from '../../src/engine/contract/phase-times.js'
import { SlotViews } from '../../src/engine/worker/slot-views.js'
import { Density, TileCorrection } from '../../src/engine/worker/tile-correction.js'
import { Lane } from '../../src/memory/lane.js'
import { MASK_PLANE, PLANES } from './problem.js'
import type { ScalingTask } from './scaling.js'

/** What a thread of the scaling benchmark does: kernel and deflate over all frames of its slot, as the engine does. */
export function scalingWork({ lane, slot, cells }: ScalingTask): () => void {
  const { layout, memory } = Lane.attach(lane).handle
  const kernels = instantiateKernels(kernelModule(), memory)
  const views = new SlotViews(memory.buffer, layout, slot)
  const task = { kernel: 'agipdAdaptive', planes: PLANES, maskPlane: MASK_PLANE, rawFrames: 1 }
  const correction = new TileCorrection(task, kernels, layout, views, new Density())
  const tiles = tilesOf(cells, layout.tileFrames)
  const times = new PhaseTotals()

  return () => {
    for (const { cell, members } of tiles) {
      const offsets = Float64Array.from(members, member => member * layout.rawFrameBytes)
      correction.run(cell, members.length, offsets, times)
    }
  }
}
