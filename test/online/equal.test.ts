import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StepTable } from '../../src/corrections/steps.js'
import { pixelsOf } from '../../src/detectors/detector.js'
import { kitOf } from '../../src/kits/index.js'
import type { ServeRequest } from '../../src/online/request.js'
import { expectEqual, MISSING, withNaN } from '../helpers/compare-served.js'
import {
  type Frames,
  type GoldenStream,
  goldenStream,
  moduleSources,
  servedOf,
  stackedSource,
} from '../helpers/golden-stream.js'
import { Online } from '../helpers/online.js'

/** Sets of steps: each step with what it needs, and all but each and what needs it. */
function stepSets(table: StepTable): string[][] {
  const built = Object.keys(table).filter(step => table[step]?.built && !table[step]?.comparesTrains)
  const needs = (step: string): string[] => {
    const { needs: always = [], needsAdaptive = [] } = table[step] ?? {}
    return [...always, ...needsAdaptive].flatMap(one => [one, ...needs(one)])
  }
  const sorted = (steps: readonly string[]) => built.filter(step => steps.includes(step))
  const sets = built.flatMap(step => [
    sorted([step, ...needs(step)]),
    built.filter(other => other !== step && !needs(other).includes(step)),
  ])
  return [...new Map(sets.filter(set => set.length > 0).map(set => [set.join(','), set])).values()]
}

describe.each(['agipd', 'lpd', 'lpd-parallel', 'dssc'] as const)('online equals offline: %s', name => {
  let golden: GoldenStream
  let offline: Frames
  beforeAll(async () => {
    golden = await goldenStream(name)
    offline = await golden.correct()
  })
  afterAll(() => golden.remove())

  const CASES: [Partial<ServeRequest>, 'modules' | 'stacked', 'file' | 'online'][] = [
    [{ output: 'stacked', axisOrder: 'online', protocol: '2.2' }, 'modules', 'file'],
    [{ output: 'modules', axisOrder: 'file', protocol: '1.0' }, 'stacked', 'file'],
    [{ output: 'both', axisOrder: 'file', protocol: '2.2' }, 'modules', 'online'],
    [{ output: 'both', axisOrder: 'online', protocol: '1.0' }, 'stacked', 'online'],
  ]
  it.each(CASES)('every bit of every train: %o, of %s in %s order', async (request, layout, order) => {
    const sent = golden.detector.rawPlanes > 1 ? 'file' : order
    const online = await Online.start(golden, { badPixelsAs: 'mask', deadline: 50, ...request })
    for (const train of golden.trains) {
      const sources =
        layout === 'stacked' ? [stackedSource(golden, train, sent)] : moduleSources(golden, train, sent)
      await online.send(...sources)
      const served = await online.next()
      expectEqual(served, train, offline)
      expect(served.frames.get(served.present[0] ?? -1)?.[0]).toHaveProperty('mask')
      if (request.output !== 'both') continue
      // Behind the stacked source there is one of each module.
      const single = servedOf(served.sources.slice(1), golden)
      expect(single.present).toEqual(served.present)
      expectEqual(single, train, offline)
    }
    const { lost, received } = online.status.trains
    expect([received, Object.values(lost).every(count => count === 0)]).toEqual([golden.trains.length, true])
    await online.close()
  })

  it('of every set of steps, changed while it runs', async () => {
    const [train] = golden.trains
    const module = [...(train?.modules.keys() ?? [])][0] ?? 0
    const one = { train: train?.train ?? 0, modules: new Map([...(train?.modules ?? [])].slice(0, 1)) }
    const options = { modules: String(module), badPixelsAs: 'mask', axisOrder: 'file' } as const
    // Of the common mode a stream has that of each image; a photon is what makes photons of the golden run's numbers.
    const asked = { cmPart: 'image', photonEnergy: 9.2, aduPerKev: 7, recast: 'f4' } as const
    const online = await Online.start(golden, { ...options, ...asked, deadline: 0 })
    for (const [i, steps] of stepSets(kitOf(golden.detector).corrections.steps).entries()) {
      await online.service.change({ steps })
      // Another id each time: it is another train.
      const sent = { ...one, train: one.train + i }
      await online.send(...moduleSources(golden, sent))
      const served = await online.next(steps.join())
      const files = await golden.correct({ modules: String(module), trains: ':1', steps, ...asked })
      // The golden run has no Noise: that step is left out, here and there.
      expect(served.passport.slice(1)).toEqual(steps.filter(step => step !== 'baseline-noise'))
      expectEqual(served, sent, new Map([[sent.train, files.get(one.train) ?? new Map()]]))
    }
    await online.close()
  })

  it('of the frames that a filter takes, bad pixels as NaN', async () => {
    const [train] = golden.trains
    if (train === undefined) throw new Error('there is no train')
    const online = await Online.start(golden, { pulses: '1::2', deadline: 0 })
    await online.send(...moduleSources(golden, train))
    const frames = [...train.modules.values()][0]?.cellIds.length ?? 0
    const pulses = golden.plan.run.rawFrames > 1 ? frames / 3 : frames
    const odd = Array.from({ length: Math.floor(pulses / 2) }, (_, i) => 2 * i + 1)
    expectEqual(await online.next(), train, offline, odd)
    await online.close()
  })

  it('of raw numbers, where there are no steps', async () => {
    const [train] = golden.trains
    if (train === undefined) throw new Error('there is no train')
    const online = await Online.start(golden, { steps: 'none', axisOrder: 'file' })
    await online.send(...moduleSources(golden, train))
    const served = await online.next()
    const pixels = pixelsOf(golden.detector)
    for (const [module, { data }] of train.modules) {
      const raw = new Uint16Array(Uint8Array.from(data).buffer)
      for (const [i, frame] of (served.frames.get(module) ?? []).entries()) {
        const from = i * pixels * golden.detector.rawPlanes
        const expected = Float32Array.from(raw.subarray(from, from + pixels))
        expect(Buffer.compare(frame.data, new Uint8Array(expected.buffer)), `${module}, ${i}`).toBe(0)
      }
    }
    await online.close()
  })
})

describe('online equals offline', () => {
  let golden: GoldenStream
  beforeAll(async () => {
    golden = await goldenStream('agipd')
  })
  afterAll(() => golden.remove())

  it.each([
    'file',
    'online',
  ] as const)('in fixed gain, of frames without their raw gain, in %s order', async order => {
    const offline = await golden.correct({ gainMode: 'high' })
    const online = await Online.start(golden, { gainMode: 'high', badPixelsAs: 'mask', deadline: 50 })
    // As a detector of one plane has it.
    const plain = { ...golden, detector: { ...golden.detector, rawPlanes: 1 } }
    for (const train of golden.trains) {
      const half = 2 * pixelsOf(golden.detector)
      const modules = new Map(
        [...train.modules].map(([module, raw]) => {
          const frames = Array.from(raw.cellIds, (_, i) =>
            raw.data.subarray(2 * i * half, (2 * i + 1) * half),
          )
          return [module, { ...raw, data: new Uint8Array(Buffer.concat(frames)) }]
        }),
      )
      await online.send(...moduleSources(plain, { ...train, modules }, order))
      expectEqual(await online.next(), train, offline)
    }
    await online.close()
  })

  it('with bad pixels as NaN, of the bits that are named only', async () => {
    const offline = await golden.correct()
    const bits = 1 << 0
    const online = await Online.start(golden, { nanBits: bits, axisOrder: 'file' })
    const [train] = golden.trains
    if (train === undefined) throw new Error('there is no train')
    await online.send(...moduleSources(golden, train))
    const { frames } = await online.next()
    let differing = 0
    for (const [module, planes] of frames)
      for (const [i, { data }] of planes.entries()) {
        const stored = offline.get(train.train)?.get(module)?.[i] ?? MISSING(data.length / 4)
        expect(Buffer.compare(data, withNaN(stored, bits))).toBe(0)
        if (Buffer.compare(data, withNaN(stored)) !== 0) differing++
      }
    expect(differing).toBeGreaterThan(0)
    await online.close()
  })
})
