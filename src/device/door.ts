import type { Corrector, CorrectorFactory } from '../engine/contract/corrector.js'
import { CorrectorLostError } from '../engine/contract/corrector.js'
import type { DeviceReport, SelfTest } from '../engine/contract/device.js'
import { Device } from './device.js'
import { DeviceCorrector } from './device-corrector.js'
import { compileAll } from './pipelines.js'
import { DeviceRefusedError } from './refused.js'
import { selfTest } from './self-test.js'

/** A device that may be used: it calculates every kernel bit by bit as it is defined. */
export interface OpenDevice {
  readonly device: Device
  readonly corrector: DeviceCorrector
  readonly selfTest: SelfTest
}

/**
 * Opens a device and tests it; it then belongs to this thread.
 * @param adapter absent: the fastest that may be used.
 * @throws DeviceRefusedError if there is none that may be used.
 */
export async function admitDevice(adapter?: GPUAdapter): Promise<OpenDevice> {
  const device = await (adapter ? Device.of(adapter) : Device.open())
  try {
    const corrector = new DeviceCorrector(device, await compileAll(device))
    return { device, corrector, selfTest: await selfTest(corrector) }
  } catch (error) {
    await device.close()
    if (error instanceof DeviceRefusedError)
      throw new DeviceRefusedError(`${device.facts.name}: ${error.message}`)
    throw new DeviceRefusedError(`${device.facts.name} does not work: ${String(error)}`)
  }
}

/** The one device of a thread: opened when it is first needed, closed once. */
export class DeviceDoor {
  #open: Promise<OpenDevice> | undefined
  #name = 'device'
  #calls = new Set<Promise<void>>()

  /** Opens it if it is not open. */
  async report(): Promise<DeviceReport> {
    try {
      const { device, selfTest } = await this.#opened()
      return { adapter: device.facts, selfTest }
    } catch (error) {
      if (!(error instanceof DeviceRefusedError)) throw error
      return { refused: error.message, ...(error.hint !== undefined && { hint: error.hint }) }
    }
  }

  /** Corrects on it; whatever goes wrong there is for the next corrector to make good. */
  readonly create: CorrectorFactory = (module, slot): Corrector => ({
    name: this.#name,
    lists: false,
    mixes: true,
    correct: async tile => {
      const call = this.#opened().then(({ corrector }) => corrector.correct(module, slot, tile))
      this.#calls.add(call)
      try {
        await call
      } catch (error) {
        throw new CorrectorLostError(error instanceof Error ? error.message : String(error))
      } finally {
        this.#calls.delete(call)
      }
    },
  })

  /** Ends it when its calls have. A thread that ended before would take the process with it. */
  async close(): Promise<void> {
    const open = this.#open
    if (open === undefined) return
    this.#open = Promise.reject(new DeviceRefusedError('it was closed'))
    this.#open.catch(() => {})
    await Promise.allSettled(this.#calls)
    const opened = await open.catch(() => undefined)
    opened?.corrector.close()
    await opened?.device.close()
  }

  #opened(): Promise<OpenDevice> {
    this.#open ??= admitDevice().then(open => {
      this.#name = open.device.facts.name
      return open
    })
    return this.#open
  }
}
