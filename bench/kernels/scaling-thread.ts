import {
  correctionKernel,
  instantiateKernels,
  type Kernels,
  kernelModule,
} from '../../src/corrections/kernel.js'
import { tilesOf } from '../../src/engine/blocks.js'
import { Packer } from '../../src/engine/packer.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { Lane } from '../../src/memory/lane.js'
import { slotOffset } from '../../src/memory/lane-layout.js'
import type { ScalingTask } from './scaling.js'

/** What a thread of the scaling benchmark does: kernel and deflate over all frames of its slot. */
export function scalingWork({ lane, slot, cells }: ScalingTask): () => void {
  const { layout, memory } = Lane.attach(lane).handle
  const { buffer } = memory
  const kernels: Kernels = instantiateKernels(kernelModule(), memory)
  const correct = correctionKernel(kernels, 'agipdAdaptive')
  const base = slotOffset(layout, slot)
  const at = layout.slot
  const table = new FrameTable(buffer, base + at.table, layout.tileFrames)
  const tiles = tilesOf(cells, layout.tileFrames)
  const packer = new Packer(kernels, new Uint8Array(buffer, base + at.packed, at.packedBytes))
  const { pixels } = layout

  return () => {
    for (const { cell, members } of tiles) {
      members.forEach((member, i) => {
        table.set(i, {
          raw: base + at.raw + member * layout.rawFrameBytes,
          data: base + at.data + i * 4 * pixels,
          gain: base + at.gain + i * pixels,
          mask: base + at.mask + i * 4 * pixels,
        })
      })
      const constants = layout.constants + cell * layout.cellBytes
      correct(base + at.table, members.length, constants, layout.params)
      packer.restart()
      for (let i = 0; i < members.length; i++) {
        packer.pack(new Uint8Array(buffer, base + at.gain + i * pixels, pixels))
        packer.pack(new Uint8Array(buffer, base + at.mask + i * 4 * pixels, 4 * pixels))
      }
    }
  }
}
