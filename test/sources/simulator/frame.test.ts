import { describe, expect, test } from 'vitest'
import { AGIPD } from '../../../src/kits/agipd/index.js'
import { AGIPD_1M } from '../../../src/kits/agipd/record.js'
import { type ModuleIndex, moduleIndex } from '../../../src/model/ids.js'
import { constantsOf } from '../../../src/simulator/constants.js'
import { type FrameTruth, modelCell } from '../../../src/simulator/frame.js'
import { KIND } from '../../../src/simulator/model/bad-pixels.js'
import { darkLevelOf } from '../../../src/simulator/model/module-model.js'
import type { SimulationOptions } from '../../../src/simulator/model/options.js'
import { modelModule } from '../../../src/simulator/model-module.js'
import { isSeam, patternOf } from '../../../src/simulator/pattern.js'
import { simulateRow } from '../../../src/simulator/raw-file.js'

const PIXELS = 512 * 128
const CELLS = 3
const OPTIONS: SimulationOptions = {
  detector: AGIPD_1M,
  modules: [moduleIndex(2)],
  proposal: 1,
  run: 1,
  trains: 4,
  cells: CELLS,
  trainsPerFile: 4,
  kind: 'photons',
  stage: undefined,
  energy: 9.2,
  switched: 0.02,
  seed: 11,
  formatVersion: '1.2',
}
const MODULE = moduleIndex(2)
const model = modelModule(AGIPD, MODULE, CELLS, OPTIONS.energy, OPTIONS.seed)

function simulated(
  cell: number,
  options: Partial<SimulationOptions> = {},
  module: ModuleIndex = MODULE,
  trainId = 5,
) {
  const all = { ...OPTIONS, ...options }
  const own = modelModule(AGIPD, module, CELLS, all.energy, all.seed)
  const raw = new Uint16Array(2 * PIXELS)
  const truth: FrameTruth = { photons: new Uint16Array(PIXELS), stages: new Uint8Array(PIXELS) }
  const classes = patternOf(AGIPD, module)
  simulateRow(modelCell(own, cell), all, { module, trainId, cell, classes }, raw, truth)
  return { raw, truth }
}

/** A constant in image order, `[plane][pixel]` of one cell, read from its strips in disk order. */
function constant(name: string, cell: number): number[][] {
  const found = constantsOf(AGIPD, model, 'PDU').find(({ calibration }) => calibration === name)!
  const planes = found.shape[3]!
  const image = Array.from({ length: planes }, () => new Array<number>(PIXELS))
  const data = found.data
  if (typeof data !== 'function') throw new Error('not in strips')
  for (let fs = 0; fs < 128; fs += 32) {
    const strip = data([fs], [32])
    for (let i = 0; i < 32 * 512; i++) {
      const pixel = (i % 512) * 128 + fs + Math.floor(i / 512)
      for (let plane = 0; plane < planes; plane++)
        image[plane]![pixel] = Number(strip[(i * CELLS + cell) * planes + plane])
    }
  }
  return image
}

const good = (pixel: number) => model.kinds[pixel] === KIND.good

describe('a simulated frame', () => {
  test('is the same whatever was simulated before, and another for every module, train, cell, run and seed', () => {
    const { raw } = simulated(1)
    simulated(2)
    simulated(1, {}, MODULE, 6)
    expect(simulated(1).raw).toEqual(raw)
    const same = (other: Uint16Array) =>
      other.reduce((sum, value, i) => sum + Number(value === raw[i]), 0) / raw.length
    for (const other of [
      simulated(2),
      simulated(1, {}, moduleIndex(3)),
      simulated(1, {}, MODULE, 6),
      simulated(1, { run: 2 }),
      simulated(1, { seed: 12 }),
    ])
      expect(same(other.raw)).toBeLessThan(0.05)
  })

  test('does not depend on how many cells the run has, nor on its other modules', () => {
    const raw = new Uint16Array(2 * PIXELS)
    const more = modelModule(AGIPD, MODULE, 352, OPTIONS.energy, OPTIONS.seed)
    const place = { module: MODULE, trainId: 5, cell: 1, classes: patternOf(AGIPD, MODULE) }
    simulateRow(modelCell(more, 1), { ...OPTIONS, cells: 352, modules: [] }, place, raw)
    expect(raw).toEqual(simulated(1).raw)
  })

  test('leaves high gain in the share of pixels that was asked for, into both other stages', () => {
    const share = (switched: number) => {
      const { truth } = simulated(0, { switched })
      return [0, 1, 2].map(stage => truth.stages.filter(value => value === stage).length / PIXELS)
    }
    const [high, medium, low] = share(0.004)
    expect(1 - high!).toBeGreaterThan(0.003)
    expect(1 - high!).toBeLessThan(0.005)
    expect(low! / medium!).toBeGreaterThan(0.2)
    expect(share(0)[0]).toBeGreaterThan(0.9999)
  })

  test('tells the true stage by its raw gain and the thresholds', () => {
    const { raw, truth } = simulated(1)
    const [t0, t1] = constant('ThresholdsDark', 1)
    let [right, all] = [0, 0]
    for (let p = 0; p < PIXELS; p++) {
      if (!good(p)) continue
      const r = raw[PIXELS + p]!
      const stage = r > t1![p]! ? 2 : r > t0![p]! ? 1 : 0
      all++
      right += Number(stage === truth.stages[p])
    }
    expect(all).toBeGreaterThan(0.99 * PIXELS)
    expect(right / all).toBeGreaterThan(0.999)
  })

  test('corrected by the plain formulas gives its photons', () => {
    const { raw, truth } = simulated(1)
    const offset = constant('Offset', 1)
    const [m0, b1, , m3, b4] = constant('SlopesPC', 1)
    const [slope] = constant('SlopesFF', 1)
    let [right, high] = [0, 0]
    const residuals: Record<number, number[]> = { 1: [], 2: [] }
    for (let p = 0; p < PIXELS; p++) {
      if (!good(p)) continue
      const stage = truth.stages[p] as 0 | 1 | 2
      const ratio = m0![p]! / m3![p]!
      let d = raw[p]! - offset[stage]![p]!
      if (stage === 1) d = d * ratio + (b1![p]! - b4![p]! * ratio)
      if (stage === 2) d *= 4.48 * ratio
      const photons = d / slope![p]!
      if (stage === 0) {
        high++
        right += Number(Math.round(photons) === truth.photons[p])
      } else residuals[stage]!.push(photons - truth.photons[p]!)
    }
    expect(right / high).toBeGreaterThan(0.999)
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
    // Noise of 6.5 and 6 ADU at 2.4 and 0.54 ADU a photon.
    expect(Math.abs(mean(residuals[1]!))).toBeLessThan(0.5)
    expect(Math.abs(mean(residuals[2]!))).toBeLessThan(3)
    expect(residuals[1]!.length + residuals[2]!.length).toBeGreaterThan(0.015 * PIXELS)
  })

  test('dark: no photons, the stage that was forced, noise as stated', () => {
    for (const stage of [0, 1, 2] as const) {
      const { raw, truth } = simulated(0, { kind: 'dark', stage })
      expect(truth.photons.every(n => n === 0)).toBe(true)
      expect(truth.stages.every(value => value === stage)).toBe(true)
      let [sum, squares, count] = [0, 0, 0]
      for (let p = 0; p < PIXELS; p++) {
        if (!good(p)) continue
        const z = (raw[p]! - darkLevelOf(model, stage, 0, p)) / model.noise[stage][p]!
        sum += z
        squares += z * z
        count++
      }
      expect(Math.abs(sum / count)).toBeLessThan(0.02)
      expect(squares / count).toBeCloseTo(1, 1)
    }
  })

  test('keeps within the converter', () => {
    const { raw } = simulated(0, { energy: 100, switched: 1 })
    expect(raw.reduce((most, value) => Math.max(most, value), 0)).toBe(16383)
  })
})

describe('a simulated module', () => {
  test('has the numbers of a real one', () => {
    const offset = constant('Offset', 0)
    const noise = constant('Noise', 0)
    const limits = [
      [4200, 5800],
      [6300, 8000],
      [7000, 8700],
    ]
    for (const stage of [0, 1, 2] as const)
      for (let p = 0; p < PIXELS; p++) {
        if (!good(p)) continue
        if (offset[stage]![p]! < limits[stage]![0]! || offset[stage]![p]! > limits[stage]![1]!)
          throw new Error(`offset ${offset[stage]![p]} of stage ${stage}`)
        if (noise[stage]![p]! < 4 || noise[stage]![p]! > 12) throw new Error(`noise ${noise[stage]![p]}`)
      }
  })

  test('has bad pixels of every kind, each with its bits', () => {
    const dark = constant('BadPixelsDark', 0)
    const slope = constant('SlopesFF', 0)[0]!
    const offset = constant('Offset', 0)
    const pixelOf = (kind: number) => model.kinds.indexOf(kind)
    const bits = (kind: number) => dark.map(plane => plane[pixelOf(kind)])
    for (const kind of Object.values(KIND)) expect(pixelOf(kind)).toBeGreaterThanOrEqual(0)
    expect(bits(KIND.good)).toEqual([0, 0, 0])
    expect(bits(KIND.dead)).toEqual([3, 3, 3])
    expect(bits(KIND.hot)).toEqual([1, 1, 1])
    expect(bits(KIND.noisy)).toEqual([2, 2, 2])
    expect(bits(KIND.stuck)).toEqual([8192, 8192, 8192])
    expect(bits(KIND.gap)).toEqual([0, 8192, 8192])
    expect(bits(KIND.uncalibrated)).toEqual([12, 12, 12])
    expect(offset[1]![pixelOf(KIND.uncalibrated)]).toBeNaN()
    expect(slope[pixelOf(KIND.unlit)]).toBeNaN()
    expect(constant('BadPixelsFF', 0)[2]![pixelOf(KIND.unlit)]).toBe(512)
    expect(constant('BadPixelsPC', 0).map(plane => plane[pixelOf(KIND.nonlinear)])).toEqual([0, 32, 32])
  })

  test('collects twice the light at its seams', () => {
    expect([0, 62, 63, 64, 65, 127, 447, 448, 511].filter(ss => isSeam(ss, 512))).toEqual([
      63, 64, 127, 447, 448,
    ])
  })
})
