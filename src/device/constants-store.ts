import type { SlotViews } from '../engine/contract/slot-views.js'
import { constantsVersion } from '../memory/lane.js'
import { type Device, DeviceError } from './device.js'
import type { CompiledKernel } from './pipelines.js'
import { ResidentCells } from './resident-cells.js'

/**
 * The constants of all lanes on a device, for as long as its memory holds them: where it does not, those of lanes that have not
 * been used for longest go first. How much it holds is found out by asking.
 */
export class ConstantsStore {
  readonly #device: Device
  readonly #prepare: GPUComputePipeline
  /** By lane, that used last at the end. */
  readonly #lanes = new Map<number, ResidentCells>()
  #most: number
  /** One lane's constants are brought at a time. */
  #last: Promise<unknown> = Promise.resolve()

  /** @param most bytes to begin with. */
  constructor(device: Device, prepare: GPUComputePipeline, most: number) {
    this.#device = device
    this.#prepare = prepare
    this.#most = most
  }

  /**
   * The constants of a slot's lane, those of `cells` on the device; release them.
   * @throws DeviceError if there is no memory for them, or a device does not calculate with them exactly.
   */
  hold(kernel: CompiledKernel, slot: SlotViews, cells: readonly number[]): Promise<ResidentCells> {
    const held = this.#last.then(() => this.#hold(kernel, slot, cells))
    this.#last = held.catch(() => {})
    return held
  }

  release(cells: ResidentCells): void {
    cells.users--
  }

  /** Bytes on the device. */
  get bytes(): number {
    return [...this.#lanes.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Removes all of them. */
  clear(): void {
    for (const resident of this.#lanes.values()) resident.destroy()
    this.#lanes.clear()
  }

  async #hold(kernel: CompiledKernel, slot: SlotViews, cells: readonly number[]): Promise<ResidentCells> {
    const { id } = slot.lane
    const known = this.#lanes.get(id)
    const current = known?.version === constantsVersion(slot.lane) ? known : undefined
    if (current === undefined) known?.destroy()
    const resident = current ?? new ResidentCells(this.#device, this.#prepare, kernel, slot)
    this.#lanes.delete(id)
    this.#lanes.set(id, resident)
    resident.users++
    try {
      await this.#bring(resident, cells)
      return resident
    } catch (error) {
      resident.users--
      throw error
    }
  }

  async #bring(resident: ResidentCells, cells: readonly number[]): Promise<void> {
    for (;;) {
      const lacking = resident.lacking(cells)
      while (this.bytes + lacking > this.#most && this.#evict()) {}
      try {
        if (lacking > 0 && this.bytes + lacking > this.#most) throw new DeviceError('out of memory', true)
        return await resident.bring(cells)
      } catch (error) {
        if (!(error instanceof DeviceError && error.outOfMemory)) throw error
        this.#most = Math.min(this.#most, this.bytes + lacking - 1)
        if (!this.#evict()) throw error
      }
    }
  }

  /** Removes the constants that have not been used for longest. @returns whether there were any. */
  #evict(): boolean {
    for (const [id, resident] of this.#lanes) {
      if (resident.users > 0 || resident.bytes === 0) continue
      resident.destroy()
      this.#lanes.delete(id)
      return true
    }
    return false
  }
}
