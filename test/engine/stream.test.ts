import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PhaseTotals } from '../../src/engine/contract/phase-times.js'
import type { CorrectionPlan, ModulePlan } from '../../src/engine/plan/plan.js'
import { FrameCorrector } from '../../src/engine/stream/frame-corrector.js'
import type { HeldFrames, RawFrames } from '../../src/engine/stream/memory-frames.js'
import { streamModule } from '../../src/engine/stream/module-stream.js'
import {
  type FrameCorrectorRequest,
  openFrameCorrector,
} from '../../src/engine/stream/open-frame-corrector.js'
import { streamLayout } from '../../src/engine/stream/stream-lanes.js'
import { Engine } from '../../src/engine/threads/engine.js'
import { RunStop } from '../../src/engine/threads/job.js'
import { oldestFirst } from '../../src/engine/threads/policy.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { DETECTORS } from '../../src/kits/index.js'
import { ConstantsError, UsageError } from '../../src/model/errors.js'
import { StoppedError } from '../../src/model/interruptions.js'
import { GOLDEN_RUNS, unpackDetectorRun } from '../golden/detectors/index.js'
import { unpackGoldenRun } from '../golden/run/index.js'
import { correct, importGolden, planOf } from '../helpers/correction.js'
import { MemorySink, MemorySource } from '../helpers/memory-frames.js'

const LOST = fileURLToPath(new URL('../helpers/lost-corrector.mjs', import.meta.url))

interface Golden {
  readonly plan: CorrectionPlan
  readonly module: ModulePlan
  readonly trains: readonly RawFrames[]
  /** sha256 of data, gain and mask of each frame of the module's first file. */
  readonly frames: readonly (readonly [string, string, string])[]
}

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A golden run, planned; the raw frames of its module's first file as they would come over a network. */
async function goldenTrains(name: 'agipd' | (typeof GOLDEN_RUNS)[number]): Promise<Golden> {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-stream-'))
  folders.push(folder)
  const golden = name === 'agipd' ? unpackGoldenRun(folder) : unpackDetectorRun(name, folder)
  const detector = DETECTORS.find(({ id }) => id.startsWith(name.slice(0, 3)))
  await importGolden(golden, folder, join(folder, 'catalogue'), detector)
  const plan = await planOf({
    run: golden.path,
    catalogue: join(folder, 'catalogue'),
    out: join(folder, 'out'),
  })
  const [module] = plan.modules
  const sequence = module?.sequences[0]
  if (module === undefined || sequence === undefined) throw new Error('the golden run is empty')
  const { file, trains } = sequence.joined
  const { rawFrames } = module.chain
  const read = await withFile(file.path, 'r', hdf5 => {
    const data = hdf5.get(`INSTRUMENT/${file.source}/image/data`) as Dataset
    const rowsOf = (from: number, count: number) => data.slice([[from, from + count]]) as Uint16Array
    return trains.flatMap(({ entry, trainId, rows }): RawFrames[] => {
      const count = entry?.image.count ?? 0
      if (rows.count === 0 || entry === undefined) return []
      // Stage by stage in the file, frame by frame here.
      const parts = Array.from({ length: count * rawFrames }, (_, i) =>
        rowsOf(entry.image.first + Math.floor(i / rawFrames) + (i % rawFrames) * count, 1),
      )
      const raw = new Uint16Array(parts.length * (parts[0]?.length ?? 0))
      parts.forEach((part, i) => {
        raw.set(part, i * part.length)
      })
      const cellIds = file.cellIds.slice(entry.image.first, entry.image.first + count)
      return [{ train: trainId, raw, cellIds }]
    })
  })
  const stored = golden.modules[String(module.module)]?.[0]?.frames
  const frames = stored === undefined ? [] : 'default' in stored ? stored.default : stored
  return { plan, module, trains: read, frames }
}

const digests = (held: HeldFrames): [string, string, string][] =>
  Array.from({ length: held.frames }, (_, i) => {
    const [data, gain, mask] = [held.data(i), held.gain(i), held.mask(i)].map(
      ({ buffer, byteOffset, byteLength }) =>
        createHash('sha256')
          .update(new Uint8Array(buffer, byteOffset, byteLength))
          .digest('hex'),
    )
    return [data ?? '', gain ?? '', mask ?? '']
  })

/** Corrects trains in memory on `engine`; `take` is given each as it is done. */
async function stream(
  { plan, module, trains }: Golden,
  engine: Engine,
  take: (held: HeldFrames) => void,
  {
    slots = 3,
    stop = new RunStop(),
    handedOver = [] as string[],
    source = trains as Iterable<RawFrames>,
  } = {},
) {
  const most = Math.max(...trains.map(({ cellIds }) => cellIds.length))
  const lanes = engine.lanes.lend(1, streamLayout(plan.detector, module, most, slots))
  const lost: number[] = []
  const [lane] = lanes
  if (lane === undefined) throw new Error('there is no lane')
  const input = new MemorySource(source, module.cells)
  const output = new MemorySink(take, ({ train }) => lost.push(train))
  try {
    await streamModule(module, lane, input, output, {
      ...{ detector: plan.detector, engine, stop, lanes: 1, software: 'test', cache: undefined },
      phases: new PhaseTotals(),
      onBlock: (_, reasons) => handedOver.push(...reasons),
    })
  } finally {
    engine.lanes.giveBack(lanes)
  }
  return { lost, counts: [input.counts, output.counts] }
}

describe.each(['agipd', ...GOLDEN_RUNS] as const)('trains of %s from memory into memory', name => {
  let golden: Golden
  let engine: Engine
  beforeAll(async () => {
    golden = await goldenTrains(name)
    engine = await Engine.start({ workers: 2, policy: oldestFirst })
  })
  afterAll(() => engine.close())

  it('have the bits that files have', async () => {
    const found = new Map<number, [string, string, string][]>()
    const take = (held: HeldFrames): void => {
      found.set(held.train, digests(held))
      held.release()
    }
    const { lost, counts } = await stream(golden, engine, take)
    expect(lost).toEqual([])
    expect(golden.trains.length).toBeGreaterThan(1)
    expect(golden.trains.flatMap(({ train }) => found.get(train))).toEqual(golden.frames)
    const frames = golden.frames.length
    expect(counts).toEqual([
      { frames, lost: 0 },
      { frames, lost: 0 },
    ])
  })

  it('are pulled no faster than slots are released, and stay as they are until then', async () => {
    let pulled = 0
    const source = (function* () {
      for (const train of golden.trains) {
        pulled++
        yield train
      }
    })()
    const held: HeldFrames[] = []
    const first: [string, string, string][][] = []
    const take = (frames: HeldFrames): void => {
      held.push(frames)
      first.push(digests(frames))
      // Both slots are held: whatever is pulled now has nowhere to go. Released out of order, once all that may move has.
      if (held.length % 2 === 0 || held.length === golden.trains.length)
        setImmediate(() => {
          expect(pulled).toBeLessThanOrEqual(held.length + 1)
          const open = held.slice(held.length % 2 === 0 ? -2 : -1)
          for (const [i, one] of open.entries()) expect(digests(one)).toEqual(first.slice(-open.length)[i])
          for (const one of open.reverse()) one.release()
        })
    }
    await stream(golden, engine, take, { slots: 2, source })
    expect(held.length).toBe(golden.trains.length)
    expect(() => held[0]?.data(0)).toThrow(/was released/)
  })

  it('stop when they are told to, without an end that hangs', async () => {
    const controller = new AbortController()
    const take = (frames: HeldFrames): void => {
      controller.abort()
      frames.release()
    }
    const stop = new RunStop(controller.signal)
    await expect(stream(golden, engine, take, { stop })).rejects.toThrow(StoppedError)
  })
})

describe('an asynchronous corrector that is lost', () => {
  let golden: Golden
  beforeAll(async () => {
    golden = await goldenTrains('agipd')
  })
  afterEach(() => {
    delete process.env['DETCAL_TEST_TILES']
  })

  it.each([0, 3])('after %i tiles hands its work over: the same bits, named, nothing lost', async tiles => {
    process.env['DETCAL_TEST_TILES'] = String(tiles)
    const engine = await Engine.start({ workers: 1, workerEntry: LOST, policy: oldestFirst })
    const found = new Map<number, [string, string, string][]>()
    const handedOver: string[] = []
    const take = (held: HeldFrames): void => {
      found.set(held.train, digests(held))
      held.release()
    }
    const { lost } = await stream(golden, engine, take, { handedOver }).finally(() => engine.close())
    expect(lost).toEqual([])
    expect(handedOver).toContain('test device: device lost')
    expect(golden.trains.flatMap(({ train }) => found.get(train))).toEqual(golden.frames)
  })

  it('in a run of files leaves the files as they are, and a warning', async () => {
    process.env['DETCAL_TEST_TILES'] = '5'
    const engine = await Engine.start({ workers: 2, workerEntry: LOST })
    const { run, modules } = golden.plan
    const out = mkdtempSync(join(tmpdir(), 'detcal-lost-'))
    folders.push(out)
    const catalogue = join(run.path, '..', '..', 'catalogue')
    const outcome = await correct({ run: run.path, catalogue, out, options: { engine } }).finally(() =>
      engine.close(),
    )
    expect(outcome.modules.map(({ status }) => status)).toEqual(modules.map(() => 'corrected'))
    expect(outcome.problems.filter(({ check }) => check === 'corrector_lost')).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('test device: device lost') },
    ])
    const { readBack } = await import('../helpers/correction.js')
    const [first] = modules
    const path = first?.sequences[0]?.joined.file.path.split('/').at(-1)?.replace('RAW', 'CORR') ?? ''
    const found = await readBack(join(out, path), run.karaboId, first?.module ?? 0)
    expect(found.frames).toEqual(golden.frames)
  })
})

describe('a frame corrector', () => {
  it('corrects trains as they are given, several at a time, and refuses what is not of its module', async () => {
    const { plan, module, trains, frames } = await goldenTrains('agipd')
    const most = Math.max(...trains.map(({ cellIds }) => cellIds.length))
    const corrector = await FrameCorrector.open({ detector: plan.detector, plan: module, frames: most })
    const found = await Promise.all(
      trains.map(async train => {
        const held = await corrector.correct(train)
        const result = digests(held)
        held.release()
        return result
      }),
    )
    expect(found.flat()).toEqual(frames)
    const [first] = trains
    if (first === undefined) throw new Error('there is no train')
    await expect(corrector.correct({ ...first, raw: first.raw.slice(1) })).rejects.toThrow(/raw values for/)
    const other = { ...first, raw: new Float32Array(first.raw) as unknown as Uint16Array }
    await expect(corrector.correct(other)).rejects.toThrow('raw is not a Uint16Array')
    await expect(corrector.correct({ ...first, train: Number.NaN })).rejects.toThrow('is not a train id')
    const cellIds = Array.from(first.cellIds, () => 351)
    await expect(corrector.correct({ ...first, cellIds })).rejects.toThrow('no constants of cell 351')
    await corrector.close()
    await expect(corrector.correct(first)).rejects.toThrow(StoppedError)
  })

  it('may be the same object twice', async () => {
    const { plan, module, trains, frames } = await goldenTrains('agipd')
    const [first] = trains
    if (first === undefined) throw new Error('there is no train')
    const corrector = await FrameCorrector.open({ detector: plan.detector, plan: module, frames: 64 })
    for (const held of await Promise.all([corrector.correct(first), corrector.correct(first)])) {
      expect(digests(held)).toEqual(frames.slice(0, first.cellIds.length))
      held.release()
    }
    await corrector.close()
  })

  it.each(['agipd', ...GOLDEN_RUNS] as const)('of %s is opened from a catalogue', async name => {
    const { plan, module, trains, frames } = await goldenTrains(name)
    const { run, detector } = plan
    const request: FrameCorrectorRequest = {
      ...{ detector: detector.id, karaboId: run.karaboId, module: module.module, cells: [...module.cells] },
      ...{ catalogue: join(run.path, '..', '..', 'catalogue'), at: run.time?.toISOString() ?? '2026-01-01' },
      ...{ conditions: run.conditions, frames: Math.max(...trains.map(({ cellIds }) => cellIds.length)) },
      parallelGain: run.rawFrames > 1,
    }
    const corrector = await openFrameCorrector(request)
    expect(corrector.steps).toEqual(module.chain.steps)
    const found: (readonly [string, string, string])[] = []
    for (const train of trains) {
      const held = await corrector.correct(train)
      found.push(...digests(held))
      held.release()
    }
    await corrector.close()
    expect(found).toEqual(frames)
  })

  it('is not opened where there are no constants, or no such cell', async () => {
    const { plan } = await goldenTrains('agipd')
    const catalogue = join(plan.run.path, '..', '..', 'catalogue')
    const request = { detector: 'agipd1m', module: 0, cells: [0], catalogue, at: '2026-01-31' }
    await expect(openFrameCorrector({ ...request, module: 7 })).rejects.toThrow(ConstantsError)
    await expect(openFrameCorrector({ ...request, cells: [0, 352] })).rejects.toThrow('no cell 352')
    await expect(openFrameCorrector({ ...request, at: 'now' })).rejects.toThrow('is not a time')
    await expect(openFrameCorrector({ ...request, cells: [] })).rejects.toThrow(UsageError)
    await expect(openFrameCorrector(request, { inFlight: 0 })).rejects.toThrow('inFlight 0 is not')
  })

  it('says what keeps its constants from being loaded', async () => {
    const { plan, module, trains } = await goldenTrains('agipd')
    const constants = new Map(module.constants.constants)
    const offset = constants.get('Offset')
    if (offset === undefined) throw new Error('there is no Offset')
    constants.set('Offset', { ...offset, path: `${offset.path}.gone` })
    const broken = { ...module, constants: { ...module.constants, constants } }
    const corrector = await FrameCorrector.open({ detector: plan.detector, plan: broken, frames: 64 })
    const [first] = trains
    if (first === undefined) throw new Error('there is no train')
    await expect(corrector.correct(first)).rejects.toThrow('the file is missing')
    // Not only whoever was waiting is told.
    await expect(corrector.correct(first)).rejects.toThrow('the file is missing')
    await corrector.close()
  })
})
