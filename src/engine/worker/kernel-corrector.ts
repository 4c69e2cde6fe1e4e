import type { WholeEntry } from '../../memory/frame-table.js'
import { correctionKernel, type Kernels, listedKernel, PARAMS_BYTES } from '../../wasm/kernels.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import type { Corrector, SlotTile, TileForm } from '../contract/corrector.js'
import type { SlotViews } from '../contract/slot-views.js'

/** Corrects by the WebAssembly kernels, on this thread. @throws Error if the module's chain names a kernel there is not. */
export function kernelCorrector(module: ModuleCorrection, slot: SlotViews, kernels: Kernels): Corrector {
  const byPlanes = correctionKernel(kernels, module.kernel)
  const byLists = module.maskPlane === undefined ? undefined : listedKernel(kernels, module.kernel)
  const { params } = slot.layout
  return {
    name: module.kernel,
    lists: byLists !== undefined,
    correct(tile, form) {
      const kernel = form === 'listed' && byLists !== undefined ? byLists : byPlanes
      enter(slot, tile, module.rawFrames, form)
      kernel(slot.table, tile.positions.length, cellConstants(module, slot, tile.cell), params)
    },
  }
}

/** Byte address of the constants of the lane's cell at position `cell`. */
export function cellConstants({ planes }: ModuleCorrection, { layout }: SlotViews, cell: number): number {
  return layout.constants + cell * planes * 4 * layout.pixels
}

/** Byte address of the parameters of what comes behind the steps that need whole images or files. */
export function finishingParams({ layout }: Pick<SlotViews, 'layout'>): number {
  return layout.params + PARAMS_BYTES
}

/** Fills the frame table: a frame's list of departures lies where its gain plane would. */
export function enter(
  slot: SlotViews,
  { positions, offsets }: SlotTile,
  rawFrames: number,
  form: TileForm,
  whole?: readonly WholeEntry[],
): void {
  for (const [i, position] of positions.entries()) {
    const [raw = 0, ...others] = Array.from(
      offsets.subarray(i * rawFrames, (i + 1) * rawFrames),
      offset => slot.raw.byteOffset + offset,
    )
    const gain = slot.gain(position)
    const more = whole?.[i]
    slot.entries.set(i, {
      ...(more && { whole: more }),
      raw,
      others,
      data: slot.data(position).byteOffset,
      gain: gain.byteOffset,
      mask: form === 'listed' ? gain.byteOffset + gain.byteLength : slot.mask(position).byteOffset,
    })
  }
}
