import { Lane } from './lane.js'
import type { LaneLayout } from './lane-layout.js'

/**
 * Lanes that are lent to one run after the other. A dropped shared WebAssembly memory stays in resident memory and
 * keeps its address space, so memories are kept, grow, and are laid out anew: there are never more of them than are lent at
 * a time.
 */
export class LanePool {
  readonly #free: Lane[] = []

  /**
   * `count` lanes of `layout`: from memories that are large enough, else the largest that there is.
   * @throws RangeError if the address space does not hold them.
   */
  lend(count: number, layout: LaneLayout): Lane[] {
    return Array.from({ length: count }, () => {
      const bytes = (lane: Lane): number => lane.handle.memory.buffer.byteLength
      const bySize = this.#free.toSorted((a, b) => bytes(a) - bytes(b))
      const chosen = bySize.find(lane => bytes(lane) >= layout.bytes) ?? bySize.at(-1)
      if (chosen === undefined) return Lane.allocate(layout)
      this.#free.splice(this.#free.indexOf(chosen), 1)
      return chosen.reuse(layout)
    })
  }

  /** Takes back lanes whose slots are no longer in use. */
  giveBack(lanes: readonly Lane[]): void {
    this.#free.push(...lanes)
  }
}
