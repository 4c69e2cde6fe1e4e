import { UsageError } from '../model/errors.js'
import { type LaneLayout, MAX_LANE_BYTES } from './lane-layout.js'

const MAGIC = 0x4c434144 // "DACL", little-endian
const LAYOUT_VERSION = 2

/** Header words (i32) at `layout.header`. Slot words follow from SLOT_WORDS_AT. */
const WORD = { magic: 0, version: 1, cells: 2, planes: 3, slots: 4, generation: 5, constants: 6 } as const
const SLOT_WORDS_AT = 16
const SLOT_WORDS = { state: 0, task: 1, epoch: 2 } as const
const WORDS_PER_SLOT = 4

/** States of a slot; README.md shows the transitions and which thread makes them. */
export const SLOT_STATE = {
  ...{ free: 0, assigned: 1, reading: 2, correcting: 3, writing: 4, done: 5 },
  /** Its results are in use on the main thread, by a transport for instance. */
  held: 6,
} as const
export type SlotState = keyof typeof SLOT_STATE

/** What is posted to a worker: enough to attach, nothing to own. */
export interface LaneHandle {
  readonly memory: WebAssembly.Memory
  readonly layout: LaneLayout
  /** Number of the memory, unique in the process. */
  readonly id: number
  /** How often the memory was laid out: a thread with an older layout attaches again. */
  readonly generation: number
}

let lastId = 0

const pagesOf = (bytes: number): number => Math.ceil(bytes / 65536)

/**
 * Shared memory with one module's constants in kernel layout and a ring of slots.
 *
 * Lanes belong to the engine and are allocated once a process: a dropped shared WebAssembly memory stays in
 * resident memory and keeps its address space. Pages are touched only as they are used.
 */
export class Lane {
  readonly handle: LaneHandle
  readonly #words: Int32Array

  private constructor(handle: LaneHandle) {
    this.handle = handle
    this.#words = new Int32Array(handle.memory.buffer, handle.layout.header, 1024)
  }

  /** Allocates a lane. @throws UsageError if the address space does not hold it. */
  static allocate(layout: LaneLayout): Lane {
    const memory = reserve(pagesOf(layout.bytes), pagesOf(MAX_LANE_BYTES))
    return Lane.#layOut({ memory, layout, id: ++lastId, generation: 0 })
  }

  /**
   * A lane of another layout in the same memory, which grows where it is too small; this one must not be used afterwards, and
   * none of its slots may be in use.
   * @throws RangeError if the address space does not hold it.
   */
  reuse(layout: LaneLayout): Lane {
    const { memory, id, generation } = this.handle
    const lacking = pagesOf(layout.bytes) - pagesOf(memory.buffer.byteLength)
    if (lacking > 0) memory.grow(lacking)
    return Lane.#layOut({ memory, layout, id, generation: generation + 1 })
  }

  static #layOut(handle: LaneHandle): Lane {
    const { layout } = handle
    const lane = new Lane(handle)
    const words = lane.#words
    words.fill(0)
    words[WORD.version] = LAYOUT_VERSION
    words[WORD.cells] = layout.cells
    words[WORD.planes] = layout.planes
    words[WORD.slots] = layout.slots
    words[WORD.generation] = handle.generation
    // Last, so that a thread that sees the magic sees the rest.
    Atomics.store(words, WORD.magic, MAGIC)
    return lane
  }

  /** A lane as a worker sees it. @throws Error if the memory is not a lane of this layout. */
  static attach(handle: LaneHandle): Lane {
    const lane = new Lane(handle)
    const words = lane.#words
    const { cells, planes, slots } = handle.layout
    const matches =
      Atomics.load(words, WORD.magic) === MAGIC &&
      words[WORD.version] === LAYOUT_VERSION &&
      words[WORD.cells] === cells &&
      words[WORD.planes] === planes &&
      words[WORD.slots] === slots &&
      words[WORD.generation] === handle.generation
    if (!matches) throw new Error(`lane ${handle.id}: the memory does not have the layout the task names`)
    return lane
  }

  /** The constants are about to change: whoever keeps a copy of them must make it anew. No task may use them meanwhile. */
  renewConstants(): void {
    Atomics.add(this.#words, WORD.constants, 1)
  }

  /** Gives `slot` to `task` under `epoch`. Dispatcher only. @throws Error if the slot is not free. */
  assign(slot: number, task: number, epoch: number): void {
    const at = this.#slot(slot)
    this.#words[at + SLOT_WORDS.task] = task
    this.#words[at + SLOT_WORDS.epoch] = epoch
    const before = Atomics.compareExchange(this.#words, at, SLOT_STATE.free, SLOT_STATE.assigned)
    if (before !== SLOT_STATE.free) throw new Error(`lane ${this.handle.id}: slot ${slot} is not free`)
  }

  /** Keeps `slot` after its task is done, since its results are in use. Dispatcher only. @throws Error if it is not done. */
  hold(slot: number): void {
    const before = Atomics.compareExchange(this.#words, this.#slot(slot), SLOT_STATE.done, SLOT_STATE.held)
    if (before !== SLOT_STATE.done) throw new Error(`lane ${this.handle.id}: slot ${slot} is not done`)
  }

  /** Takes `slot` back, whatever its state: after its result was collected or its worker died. Dispatcher only. */
  release(slot: number): void {
    Atomics.store(this.#words, this.#slot(slot), SLOT_STATE.free)
  }

  /**
   * Moves `slot` on to `state`. Worker only.
   * @throws Error if the slot was taken back meanwhile (another task or epoch owns it): the task must not touch it.
   */
  advance(slot: number, task: number, epoch: number, state: SlotState): void {
    const at = this.#slot(slot)
    const owned =
      this.#words[at + SLOT_WORDS.task] === task &&
      this.#words[at + SLOT_WORDS.epoch] === epoch &&
      Atomics.load(this.#words, at) !== SLOT_STATE.free
    if (!owned) throw new Error(`lane ${this.handle.id}: slot ${slot} no longer belongs to task ${task}`)
    Atomics.store(this.#words, at, SLOT_STATE[state])
  }

  /** State of a slot. */
  state(slot: number): SlotState {
    const value = Atomics.load(this.#words, this.#slot(slot))
    const names = Object.keys(SLOT_STATE) as SlotState[]
    const name = names.find(key => SLOT_STATE[key] === value)
    if (name === undefined)
      throw new Error(`lane ${this.handle.id}: slot ${slot} is in no known state (${value})`)
    return name
  }

  #slot(slot: number): number {
    if (slot < 0 || slot >= this.handle.layout.slots)
      throw new RangeError(`lane ${this.handle.id} has no slot ${slot}`)
    return SLOT_WORDS_AT + slot * WORDS_PER_SLOT
  }
}

/** V8 reserves some 10 GB of addresses for a memory of any size, so that no access needs a check. */
function reserve(initial: number, maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(
      `the system does not give ${Math.ceil(initial / 16)} MiB of memory in an address range of 10 GB`,
      {
        hint: 'Lift the limit of addresses (ulimit -v unlimited): memory itself is bounded by --memory. Or use fewer --workers',
        cause: error,
      },
    )
  }
}

/** Tells one state of a lane's constants from another, in this process. */
export function constantsVersion({ memory, layout, id, generation }: LaneHandle): string {
  const words = new Int32Array(memory.buffer, layout.header, SLOT_WORDS_AT)
  return `${id}.${generation}.${Atomics.load(words, WORD.constants)}`
}
