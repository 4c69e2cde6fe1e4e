import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEVICE_KERNELS } from '../../../kernels/gpu/index.js'
import { Device } from '../../../src/device/device.js'
import { DeviceCorrector } from '../../../src/device/device-corrector.js'
import { compileAll, type Pipelines } from '../../../src/device/pipelines.js'
import { REFERENCES } from '../../../src/device/reference-of.js'
import { selfTest } from '../../../src/device/self-test.js'
import { firstDifference, makeTrial, type Trial } from '../../../src/device/trial.js'
import type { AgipdParams } from '../../../src/kits/agipd/params.js'
import { LanePool } from '../../../src/memory/lane-pool.js'
import { SOFTWARE_DEVICE } from './swiftshader.js'

Object.assign(process.env, SOFTWARE_DEVICE)

const PARAMS: AgipdParams = {
  ...{ stage: 1, forceMgLimit: 1000, forceHgLimit: 1000 },
  ...{ setMin: true, range: true, zeroNans: false, zeroOrange: false },
}
const KERNELS = Object.keys(DEVICE_KERNELS)

let device: Device
let pipelines: Pipelines
let corrector: DeviceCorrector
const lanes = new LanePool()
beforeAll(async () => {
  device = await Device.open()
  pipelines = await compileAll(device)
  corrector = new DeviceCorrector(device, pipelines)
})
afterAll(async () => {
  corrector.close()
  await device.close()
})

/** Corrects drawn frames on `by`; hands the trial on while its lane is lent. */
async function corrected(
  kernel: string,
  shape: { pixels: number; cells: number; frames: number; seed: number },
  look: (trial: Trial) => void | Promise<void>,
  { by = corrector, params = PARAMS } = {},
): Promise<void> {
  const trial = makeTrial(kernel, params, shape, lanes)
  try {
    await by.correct(trial.module, trial.slot, trial.tile)
    await look(trial)
  } finally {
    lanes.giveBack([trial.lane])
  }
}

const same = (trial: Trial): void => expect(firstDifference(trial)).toBeUndefined()
const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Uint32Array(buffer, byteOffset, byteLength / 4)

/** What is unusual in the results of a trial. */
function found({ slot, tile }: Trial) {
  const stages = new Set<number>()
  const seen = { nan: false, infinite: false, sign: false }
  for (const position of tile.positions) {
    for (const g of slot.gain(position)) stages.add(g)
    for (const word of wordsOf(slot.data(position))) {
      seen.nan ||= word === 0x7fc00000
      seen.infinite ||= (word & 0x7fffffff) === 0x7f800000
    }
    for (const bits of wordsOf(slot.mask(position))) seen.sign ||= bits >>> 31 === 1
  }
  return { ...seen, stages: [...stages].sort() }
}

describe('kernels of a device', () => {
  it('are those that the processor has for corrections, and each has a definition', () => {
    expect(Object.keys(REFERENCES)).toEqual(KERNELS)
  })

  it.each(KERNELS)('%s gives the bits of its definition, frames of several cells in one call', async name => {
    for (const seed of [11, 12, 13])
      await corrected(name, { pixels: 65536, cells: 3, frames: 8, seed }, trial => {
        same(trial)
        const stages = name === 'dssc' ? [0] : name.startsWith('agipdFixed') ? [1] : [0, 1, 2]
        expect(found(trial)).toEqual({ nan: true, infinite: true, sign: true, stages })
      })
  })

  it.each([
    'agipdAdaptiveGain',
    'lpdParallel',
    'dssc',
  ])('%s does so for more than 2^24 pixels in one dispatch', async name => {
    const shape = { pixels: 65536, cells: 2, frames: 260, seed: 5 }
    expect(shape.frames * shape.pixels).toBeGreaterThan(2 ** 24)
    expect(shape.frames).toBeLessThan(device.limits.binding / (8 * shape.pixels))
    await corrected(name, shape, same)
  })

  it('take constants in several pages, and frames in several calls, where a kernel sees little memory', async () => {
    const shape = { pixels: 4096, cells: 7, frames: 30, seed: 3 }
    const cell = 8 * 4 * shape.pixels
    const small = await Device.open({ binding: 3 * cell, buffer: 20 * 9 * shape.pixels })
    const by = new DeviceCorrector(small, await compileAll(small))
    await corrected('agipdAdaptive', shape, same, { by })
    by.close()
    await small.close()
  })

  it('refuse constants so small that a product might be denormal, of any cell, and go on with others', async () => {
    const shape = { pixels: 1024, cells: 2, frames: 2, seed: 8 }
    const trial = makeTrial('agipdAdaptiveGain', PARAMS, shape, lanes)
    const float = new Float32Array(trial.constants[1]?.buffer as ArrayBuffer, trial.constants[1]?.byteOffset)
    float[4 * 1024 + 77] = -1e-8
    const attempt = () => corrector.correct(trial.module, trial.slot, trial.tile)
    await expect(attempt()).rejects.toThrow('number 4 of agipdAdaptiveGain) has values nearer to 0 than 5.9')
    await expect(attempt()).rejects.toThrow('nearer to 0')
    float[4 * 1024 + 77] = 0
    trial.lane.renewConstants()
    await attempt()
    same(trial)
    lanes.giveBack([trial.lane])
  })
})

describe('constants on a device', () => {
  it('are those of the lane after they changed', async () => {
    await corrected('dssc', { pixels: 1024, cells: 2, frames: 4, seed: 21 }, async trial => {
      same(trial)
      for (const words of trial.constants) {
        words.subarray(0, 1024).reverse()
        words.subarray(1024).reverse()
      }
      trial.lane.renewConstants()
      expect(firstDifference(trial)).toBeDefined()
      await corrector.correct(trial.module, trial.slot, trial.tile)
      same(trial)
    })
  })

  it('make room for those of another lane, and come again', async () => {
    const shape = { pixels: 1024, cells: 4, frames: 8, seed: 30 }
    const bytes = shape.cells * 2 * 4 * shape.pixels
    const by = new DeviceCorrector(device, pipelines, 1.5 * bytes)
    const trials = [1, 2, 3].map(seed => makeTrial('dssc', PARAMS, { ...shape, seed }, new LanePool()))
    for (const trial of [...trials, ...trials]) {
      await by.correct(trial.module, trial.slot, trial.tile)
      same(trial)
      expect(by.residentBytes).toBe(bytes)
    }
    by.close()
  })

  it('that have no room at all are an error that says so', async () => {
    const by = new DeviceCorrector(device, pipelines, 1000)
    const shape = { pixels: 1024, cells: 1, frames: 1, seed: 1 }
    await expect(corrected('dssc', shape, same, { by })).rejects.toThrow('out of memory')
    by.close()
  })
})

describe('the self-test', () => {
  it('passes', async () => {
    expect(await selfTest(corrector)).toMatchObject({ kernels: KERNELS.length, pixels: 7 * 4 * 3 * 2048 })
  })

  it.each([
    ['lpd', 'select(vec4(0u), vec4(WRONG_GAIN_VALUE), bits == vec4(3u))', 'vec4(0u)', /lpd gives mask/],
    ['agipdAdaptiveGain', 'times(setMin(d, o.g), ', 'times(d, ', /agipdAdaptiveGain gives data/],
    ['agipdFixed', 'vec4(call.stage)', 'vec4(0u)', /agipdFixed gives gain/],
    ['lpdParallel', 'medium >= constants', 'medium > constants', /lpdParallel gives/],
  ])('refuses a device that calculates %s otherwise', async (name, right, wrong, message) => {
    const kernel = DEVICE_KERNELS[name]
    if (kernel === undefined) throw new Error('there is no such kernel')
    const wgsl = kernel.wgsl.replace(right, wrong)
    expect(wgsl).not.toBe(kernel.wgsl)
    const faulty = await compileAll(device, { ...DEVICE_KERNELS, [name]: { ...kernel, wgsl } })
    const by = new DeviceCorrector(device, faulty)
    await expect(selfTest(by)).rejects.toThrow(message)
    by.close()
  })
})

describe('a device that is lost', () => {
  it('says so, whatever it is asked for', async () => {
    const other = await Device.open()
    const by = new DeviceCorrector(other, await compileAll(other))
    const shape = { pixels: 1024, cells: 1, frames: 4, seed: 2 }
    await corrected('dssc', shape, same, { by })
    other.gpu.destroy()
    await expect(corrected('dssc', shape, same, { by })).rejects.toThrow('device lost')
  })
})
