import type { AdapterFacts } from '../engine/contract/device.js'
import { DeviceRefusedError } from './refused.js'
import { adaptersOf, factsOf, MAP_READ, reasonAgainstAdapter, webGpu } from './webgpu.js'

/** What a device may be asked for at a time, bytes. */
export interface DeviceLimits {
  readonly buffer: number
  /** Of a buffer, what a kernel sees. */
  readonly binding: number
}

/** ms in which a device that is lost says so. */
const PATIENCE = 500

/** Bytes that are handed to the queue at a time: larger pieces are slower. */
const PIECE = 1024 ** 2

/** An open device. What goes wrong on it is thrown where it happened: nothing is believed that was not waited for. */
export class Device {
  readonly facts: AdapterFacts
  readonly limits: DeviceLimits
  readonly gpu: GPUDevice
  /** The library takes no shared memory: bytes pass through here. */
  readonly #piece = new Uint8Array(PIECE)
  #lost: string | undefined

  private constructor(facts: AdapterFacts, gpu: GPUDevice, most: Partial<DeviceLimits>) {
    this.facts = facts
    this.gpu = gpu
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits
    const { buffer = maxBufferSize, binding = maxStorageBufferBindingSize } = most
    this.limits = { buffer, binding: Math.min(buffer, binding) }
    void gpu.lost.then(({ message, reason }) => {
      this.#lost = message || `it was ${reason}`
    })
  }

  /**
   * The fastest adapter that may be used.
   * @param most smaller limits than the adapter's.
   * @throws DeviceRefusedError if there is none, saying why.
   */
  static async open(most: Partial<DeviceLimits> = {}): Promise<Device> {
    const adapters = await adaptersOf(await webGpu())
    if (adapters.length === 0)
      throw new DeviceRefusedError(
        'there is no adapter',
        'Install the driver of the GPU with its Vulkan part; vulkaninfo lists what there is',
      )
    const reasons: string[] = []
    for (const adapter of adapters) {
      const facts = factsOf(adapter)
      const reason = reasonAgainstAdapter(facts)
      if (reason === undefined) return Device.of(adapter, most)
      reasons.push(reason)
    }
    throw new DeviceRefusedError(reasons.join('; '))
  }

  /** @throws DeviceRefusedError if the adapter cannot be opened. */
  static async of(adapter: GPUAdapter, most: Partial<DeviceLimits> = {}): Promise<Device> {
    return new Device(factsOf(adapter), await deviceOf(adapter), most)
  }

  /** Why it is gone; undefined: it is there. */
  get lost(): string | undefined {
    return this.#lost
  }

  /**
   * Does `work`, which must not wait, and tells what of it failed.
   * @throws DeviceError
   */
  async checked<T>(work: () => T): Promise<T> {
    this.requireAlive()
    for (const filter of SCOPES) this.gpu.pushErrorScope(filter)
    let done: T
    const errors: Promise<GPUError | null>[] = []
    try {
      done = work()
    } finally {
      for (const _ of SCOPES) errors.push(this.gpu.popErrorScope())
    }
    const found = (await Promise.all(errors)).filter(error => error !== null)
    this.requireAlive()
    const [first] = found
    // Whatever used a buffer that was not made fails too.
    const outOfMemory = found.some(error => 'GPUOutOfMemoryError' === error.constructor.name)
    if (first !== undefined) throw new DeviceError(outOfMemory ? 'out of memory' : first.message, outOfMemory)
    return done
  }

  /**
   * Brings `buffer` here; unmap it when its bytes are read.
   * @throws DeviceError: if the device is lost, saying so.
   */
  async mapped(buffer: GPUBuffer, bytes = buffer.size): Promise<ArrayBuffer> {
    try {
      await buffer.mapAsync(MAP_READ, 0, bytes)
    } catch (error) {
      // Of a device that is lost the library tells that first, and without a word.
      await Promise.race([this.gpu.lost, new Promise(resolve => setTimeout(resolve, PATIENCE))])
      this.requireAlive()
      throw new DeviceError((error instanceof Error && error.message) || 'results do not come back')
    }
    this.requireAlive()
    return buffer.getMappedRange(0, bytes)
  }

  /** Copies `bytes`, of shared memory too, to byte `at` of `target`. */
  write(target: GPUBuffer, at: number, bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += PIECE) {
      const piece = bytes.subarray(from, from + PIECE)
      this.#piece.set(piece)
      this.gpu.queue.writeBuffer(target, at + from, this.#piece, 0, piece.length)
    }
  }

  /** @throws DeviceError if the device is lost. */
  requireAlive(): void {
    if (this.#lost !== undefined) throw new DeviceError(`device lost: ${this.#lost}`)
  }

  /** Ends it. Whatever it has been asked for must have been waited for: the process would end with it. */
  async close(): Promise<void> {
    this.gpu.destroy()
    await this.gpu.lost
  }
}

const SCOPES = ['validation', 'internal', 'out-of-memory'] as const

/** A device did not do what it was asked for. */
export class DeviceError extends Error {
  override name = 'DeviceError'
  readonly outOfMemory: boolean

  constructor(message: string, outOfMemory = false) {
    super(message.split('\n')[0])
    this.outOfMemory = outOfMemory
  }
}

async function deviceOf(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  try {
    return await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } })
  } catch (error) {
    const [reason] = String(error).split('\n')
    throw new DeviceRefusedError(`${factsOf(adapter).name} cannot be opened: ${reason}`)
  }
}
