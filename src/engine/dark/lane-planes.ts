import type { PlaneStore } from '../../../constants/dark/planes.js'
import type { Lane } from '../../memory/lane.js'

/** The planes of a lane's module: the lane's constants, which a dark characterisation fills instead of reading them. */
export function storeOf({ handle: { memory, layout } }: Lane): PlaneStore {
  return {
    buffer: memory.buffer,
    base: layout.constants,
    cellBytes: layout.cellBytes,
    pixels: layout.pixels,
  }
}
