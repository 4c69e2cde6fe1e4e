import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlannedModules } from '../../src/engine/stream/plan-modules.js'
import { kitOf } from '../../src/kits/index.js'
import { moduleIndex } from '../../src/model/ids.js'
import { TrainCorrector } from '../../src/online/train-corrector.js'
import { type GoldenStream, goldenStream, moduleSources, type RawTrain } from '../helpers/golden-stream.js'
import { Online, until } from '../helpers/online.js'

const GIB = 1024 ** 3
/** Planes of AGIPD's adaptive gain: default steps, and with all gain steps (docs/architecture.md, kernel contract). */
const PLANES = { default: 8, all: 13 }

/** Bytes of the lanes of a whole AGIPD with default settings: two trains in flight. */
function bytesOf(cells: number, planes: number): number {
  const plan = { chain: { planes: Array.from({ length: planes }) } }
  return TrainCorrector.bytesOf({
    kit: kitOf({ id: 'agipd1m' }),
    planned: {
      modules: new Map(Array.from({ length: 16 }, (_, module) => [moduleIndex(module), plan])),
    } as unknown as PlannedModules,
    cells: Array.from({ length: cells }, (_, cell) => cell),
    ...{ frames: cells, inFlight: 2, rawFrames: 1 },
  })
}

describe('the memory that a service needs (the table of docs/scaling.md)', () => {
  it.each([
    [16, 0.9, 1.2],
    [32, 1.6, 2.2],
    [64, 2.8, 4.1],
    [128, 5.3, 7.8],
    [176, 7.2, 10.7],
    [352, 14.1, 21.0],
  ])('of 16 modules × %i cells is %f GiB, with gain steps %f GiB', (cells, byDefault, withGain) => {
    expect(bytesOf(cells, PLANES.default) / GIB).toBeCloseTo(byDefault, 1)
    expect(bytesOf(cells, PLANES.all) / GIB).toBeCloseTo(withGain, 1)
  })

  it('of 16 modules × 64 cells fits the 8 GiB that are used by default', () => {
    expect(bytesOf(64, PLANES.all)).toBeLessThan(8 * GIB)
  })
})

describe('a budget that does not fit', () => {
  let golden: GoldenStream
  let online: Online
  beforeAll(async () => {
    golden = await goldenStream('dssc')
  })
  afterAll(async () => {
    await online.close()
    golden.remove()
  })

  it('is refused with the figures and what to do; its trains are counted', async () => {
    online = await Online.start(golden, {}, { memory: 2 ** 20 })
    const train = golden.trains[0] as RawTrain
    await online.send(...moduleSources(golden, train))
    await until(() => online.status.trains.lost.uncorrected === 1, 'the train is counted')
    const [incident] = online.status.incidents.filter(({ cause }) => cause === 'uncorrected')
    expect(incident?.message).toMatch(
      /constants of \d+ cells of \d+ modules, with 2 trains of \d+ frames in flight, take \d+ MiB; 1 MiB are to be used/,
    )
    expect(incident?.message).toContain('Give more --memory, fewer --modules, or fewer frames with --pulses')
  })
})
