import { ASIC_SIDE, leastOfAsic } from '../../corrections/common-mode.js'
import type { Finishing } from '../../corrections/finishing.js'
import { finiteMean, MOST_BASELINE, noisePeak } from '../../corrections/noise-peak.js'
import { type Kernels, stripKernel } from '../../wasm/kernels.js'
import type { ModuleCorrection } from '../contract/block-task.js'
import type { Corrector, SlotTile, TileForm } from '../contract/corrector.js'
import type { SlotViews } from '../contract/slot-views.js'
import { cellConstants, enter, finishingParams } from './kernel-corrector.js'

/**
 * Corrects by kernels where some steps need all pixels of an image, or what was found of the whole file. A tile goes through
 * them strip by strip, a row of ASICs at a time, so that its values stay in cache from the offset to the end; all of it at
 * once only as far as the baseline.
 */
export function finishingCorrector(
  module: ModuleCorrection,
  finishing: Finishing,
  slot: SlotViews,
  kernels: Kernels,
): Corrector {
  const stages = stripKernel(kernels, finishing.stages)
  const finish = {
    planes: stripKernel(kernels, finishing.kernel),
    listed: stripKernel(kernels, `${finishing.kernel}Listed`),
  }
  const { pixels, params } = slot.layout
  const strip = finishing.columns * ASIC_SIDE ** 2
  const { table } = slot
  return {
    name: finishing.kernel,
    lists: true,
    correct(tile, form) {
      const frames = tile.positions.length
      const constants = cellConstants(module, slot, tile.cell)
      enter(slot, tile, module.rawFrames, form, wholeEntries(module, tile, form, slot))
      if (finishing.baseline) {
        stages(table, frames, constants, params, 0, pixels)
        shiftBaselines(finishing.baseline, constants, tile, form, slot, kernels)
      }
      for (let from = 0; from < pixels; from += strip) {
        const to = from + strip
        if (!finishing.baseline) stages(table, frames, constants, params, from, to)
        subtractModes(module, finishing, tile, [from, to], slot, kernels)
        finish[form](table, frames, constants, finishingParams(slot), from, to)
      }
    },
  }
}

/** Where a frame's stages are: its gain plane; while that holds a list, the beginning of its mask plane, which is free. */
function stagesAt(form: TileForm, position: number, slot: SlotViews): number {
  return (form === 'listed' ? slot.mask(position) : slot.gain(position)).byteOffset
}

function wholeEntries({ ofFile }: ModuleCorrection, tile: SlotTile, form: TileForm, slot: SlotViews) {
  const { tables, pixels } = slot.layout
  const scratch = slot.table + slot.layout.slotFrames * 32
  return tile.positions.map((position, i) => {
    const image = tile.images?.[i]
    const modes = ofFile && ofFile.tables.iterations > 0
    return {
      stages: stagesAt(form, position, slot),
      still: ofFile?.tables.zeroStd ? tables + ofFile.tables.still + tile.cell * pixels : 0,
      // What one frame alone comes to is not needed afterwards.
      means:
        modes && image !== undefined
          ? tables + ofFile.tables.imageMeans + image * meansBytes(ofFile.tables)
          : scratch,
    }
  })
}

function meansBytes({ asics, shifts }: { readonly asics: number; readonly shifts: number }): number {
  return 4 * asics * shifts
}

function subtractModes(
  { ofFile }: ModuleCorrection,
  { commonMode, columns }: Finishing,
  { cell, positions }: SlotTile,
  [from, to]: readonly [number, number],
  { table, layout }: SlotViews,
  kernels: Kernels,
): void {
  if (commonMode === undefined) return
  const { low, high, iterations } = commonMode
  const frames = positions.length
  if (ofFile && ofFile.tables.iterations > 0) {
    const { pixels } = layout
    const { asics, pixelMeans, shifts } = ofFile.tables
    const cells = layout.tables + pixelMeans + (ofFile.rows[cell] ?? 0) * iterations * pixels * 4
    kernels.commonModeSubtract(table, frames, from, to, columns, cells, 4 * pixels, asics, iterations, shifts)
  }
  // What needs the image alone is not in the tables.
  const least = leastOfAsic(commonMode)
  for (let k = ofFile?.tables.shifts ?? 0; k < iterations; k++)
    kernels.commonModeImages(table, frames, from, to, columns, low, high, least)
}

function shiftBaselines(
  baseline: NonNullable<Finishing['baseline']>,
  constants: number,
  { positions, shifts }: SlotTile,
  form: TileForm,
  slot: SlotViews,
  kernels: Kernels,
): void {
  const { pixels, slotFrames } = slot.layout
  const { buffer } = slot.raw
  const noise = finiteMean(new Float32Array(buffer, constants + baseline.noisePlane * 4 * pixels, pixels))
  const scratch = slot.table + slotFrames * 32
  for (const [i, position] of positions.entries()) {
    const data = slot.data(position).byteOffset
    const shift = noisePeak(noise, baseline, ({ low, width, bins }) => {
      const counts = new Uint32Array(buffer, scratch, bins).fill(0)
      const stages = stagesAt(form, position, slot)
      kernels.countBins(data, stages, pixels, low, width, bins, MOST_BASELINE, scratch)
      return counts
    })
    kernels.subtractValue(data, pixels, shift)
    if (shifts) shifts[i] = shift
  }
}
