import { Lane } from './lane.js'
import type { LaneLayout } from './lane-layout.js'

/**
 * Lanes that are lent to one run after the other. A dropped shared WebAssembly memory stays in resident memory and
 * keeps its address space, so memories are kept and laid out anew.
 */
export class LanePool {
  readonly #free: Lane[] = []

  /** `count` lanes of `layout`, from memories that are large enough, if there are any. @throws RangeError */
  lend(count: number, layout: LaneLayout): Lane[] {
    return Array.from({ length: count }, () => {
      const bytes = (lane: Lane): number => lane.handle.memory.buffer.byteLength
      const [fitting] = this.#free
        .filter(lane => bytes(lane) >= layout.bytes)
        .sort((a, b) => bytes(a) - bytes(b))
      if (fitting === undefined) return Lane.allocate(layout)
      this.#free.splice(this.#free.indexOf(fitting), 1)
      return fitting.reuse(layout)
    })
  }

  /** Takes back lanes whose slots are no longer in use. */
  giveBack(lanes: readonly Lane[]): void {
    this.#free.push(...lanes)
  }
}
