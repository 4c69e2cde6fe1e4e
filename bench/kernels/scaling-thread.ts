import { PhaseTotals } from '../../src/engine/contract/phase-times.js'
import { SlotViews } from '../../src/engine/contract/slot-views.js'
import { kernelCorrector } from '../../src/engine/worker/kernel-corrector.js'
import { Density, TileCorrection } from '../../src/engine/worker/tile-correction.js'
import { TileDeflater } from '../../src/engine/worker/tile-deflater.js'
import { tilesOf } from '../../src/engine/worker/tiles.js'
import { Lane } from '../../src/memory/lane.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import type { ScalingTask } from './scaling.js'
import { MASK_PLANE, PLANES } from './workload.js'

/** What a thread of the scaling benchmark does: kernel and deflate over all frames of its slot, as the engine does. */
export function scalingWork({ lane: handle, slot, cells }: ScalingTask): () => Promise<void> {
  const lane = Lane.attach(handle)
  const { layout, memory } = lane.handle
  const kernels = instantiateKernels(kernelModule(), memory)
  const views = new SlotViews(lane.handle, slot)
  const module = { module: 0, kernel: 'agipdAdaptive', planes: PLANES, maskPlane: MASK_PLANE, rawFrames: 1 }
  const correction = new TileCorrection(
    [kernelCorrector(module, views, kernels)],
    new TileDeflater(module, views, kernels),
    new Density(),
    views,
    new PhaseTotals(),
  )
  const tiles = tilesOf(cells, layout.slotFrames)

  return async () => {
    for (const { cell, members } of tiles) {
      const offsets = Float64Array.from(members, member => member * layout.rawFrameBytes)
      await correction.streams({ cell, offsets, positions: [...members.keys()] })
    }
  }
}
