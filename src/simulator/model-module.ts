import { pixelsOf } from '../detectors/detector.js'
import { type DetectorKit, simulatedOf } from '../kits/kit.js'
import type { ModuleIndex } from '../model/ids.js'
import { drawKinds, KIND } from './model/bad-pixels.js'
import { gauss } from './model/gauss.js'
import { type ModuleModel, STAGES } from './model/module-model.js'
import type { Physics } from './model/physics.js'
import { keyOf } from './model/random.js'

/**
 * The model of a module for `cells` memory cells and photons of `energy` keV. Cells do not depend on their number.
 * @throws UsageError if the kit has no physics.
 */
export function modelModule(
  kit: DetectorKit,
  module: ModuleIndex,
  cells: number,
  energy: number,
  seed: number,
): ModuleModel {
  const { detector } = kit
  const { physics } = simulatedOf(kit)
  const pixels = pixelsOf(detector)
  const plane = () => new Float32Array(pixels)
  const model = {
    physics,
    pixels,
    cells,
    kinds: drawKinds(pixels, keyOf(seed, 'badPixel', module), physics.kinds),
    offsets: [plane(), plane(), plane()],
    noise: [plane(), plane(), plane()],
    rawGains: [plane(), plane(), plane()],
    photonGains: plane(),
    ratios: plane(),
    steps: plane(),
    switches: [plane(), plane()],
    ...modelCells(physics, module, cells, seed),
  } as const satisfies ModuleModel
  const key = keyOf(seed, 'pixel', module)
  const whole = keyOf(seed, 'module', module)
  // Deviates shared by all pixels of an ASIC (64 × 64), after that of the module.
  const asicColumns = Math.ceil(detector.fastScan / 64)
  const photonAdu = physics.aduPerKev * energy
  const [high, medium, low] = physics.stages
  for (let pixel = 0; pixel < pixels; pixel++) {
    const ss = Math.floor(pixel / detector.fastScan)
    const fs = pixel % detector.fastScan
    const asic = 1 + (ss >> 6) * asicColumns + (fs >> 6)
    const z = (n: number) => gauss(key, pixel * 12 + n)
    const smooth = Math.sin(ss / 90 + module) + Math.cos(fs / 40 - module)
    const level = 60 * gauss(whole, 0) + 40 * gauss(whole, asic) + 60 * smooth

    model.offsets[0][pixel] = high.level + high.shared * level + high.spread * z(0)
    model.offsets[1][pixel] = medium.level + medium.shared * level + medium.spread * z(1)
    model.offsets[2][pixel] = low.level + low.shared * level + low.spread * z(2)
    model.noise[0][pixel] = high.noise + high.noiseSmooth * smooth + high.noiseSpread * z(3)
    model.noise[1][pixel] = medium.noise + medium.noiseSmooth * smooth + medium.noiseSpread * z(4)
    model.noise[2][pixel] = low.noise + low.noiseSmooth * smooth + low.noiseSpread * z(5)
    const shared = 80 * z(6)
    model.rawGains[0][pixel] = physics.rawGains[0] + shared
    model.rawGains[1][pixel] = physics.rawGains[1] + shared + 20 * z(7)
    model.rawGains[2][pixel] = physics.rawGains[2] + shared + 20 * z(8)
    model.photonGains[pixel] = photonAdu * (1 + 0.01 * gauss(whole, 64 + asic) + 0.03 * z(9))
    model.ratios[pixel] = physics.mediumRatio * (1 + 0.02 * z(10))
    model.steps[pixel] = physics.stepSpread * z(11)
    model.switches[0][pixel] = physics.switches[0]
    model.switches[1][pixel] = physics.switches[1]
    if (model.kinds[pixel] !== KIND.good) damage(model, pixel)
  }
  return model
}

function modelCells({ stages }: Physics, module: ModuleIndex, cells: number, seed: number) {
  const key = keyOf(seed, 'cell', module)
  const deviates = (n: number, scale: number) =>
    Float32Array.from({ length: cells }, (_, cell) => scale * gauss(key, cell * 8 + n))
  return {
    cellOffsets: [deviates(0, stages[0].cells), deviates(1, stages[1].cells), deviates(2, stages[2].cells)],
    cellRawGains: deviates(3, 15),
    cellPhotonGains: deviates(4, 0.005).map(deviate => 1 + deviate),
    cellKeys: Array.from({ length: cells }, (_, cell) => keyOf(seed, 'cellPixel', module, cell)),
  } as const
}

/** Effect of a pixel's kind. */
function damage(model: ModuleModel, pixel: number): void {
  const kind = model.kinds[pixel]
  const { bad } = model.physics
  for (const stage of STAGES) {
    if (kind === KIND.dead) {
      model.offsets[stage][pixel] = bad.level
      model.noise[stage][pixel] = bad.noise
      model.photonGains[pixel] = 0
    } else if (kind === KIND.hot) {
      const level = model.offsets[stage][pixel] ?? 0
      model.offsets[stage][pixel] = level + bad.hot
    } else if (kind === KIND.noisy) {
      const sigma = model.noise[stage][pixel] ?? 0
      model.noise[stage][pixel] = bad.noisy * sigma
    } else if (kind === KIND.stuck) {
      model.rawGains[stage][pixel] = model.rawGains[1][pixel] ?? 0
    }
  }
  if (kind === KIND.gap) model.rawGains[2][pixel] = (model.rawGains[1][pixel] ?? 0) + 60
}
