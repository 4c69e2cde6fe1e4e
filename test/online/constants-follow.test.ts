import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { kitOf } from '../../src/kits/index.js'
import type { ServeRequest } from '../../src/online/request.js'
import { detcal } from '../helpers/command.js'
import { expectEqual } from '../helpers/compare-served.js'
import {
  type Frames,
  type GoldenStream,
  moduleSources,
  type RawTrain,
  streamOf,
} from '../helpers/golden-stream.js'
import { Online, type OnlineOptions } from '../helpers/online.js'

const folder = mkdtempSync(join(tmpdir(), 'detcal-follow-'))
const catalogue = join(folder, 'catalogue')

interface Recorded {
  readonly stream: GoldenStream
  readonly offline: Frames
}

/** A run of one AGIPD module, whose constants are for its number of memory cells. */
async function recorded(run: number, cells: number, seed: number): Promise<Recorded> {
  const out = join(folder, String(run))
  const { status, stderr } = detcal(
    ...[
      'simulate',
      out,
      '--detector',
      'agipd1m',
      '--modules',
      '0',
      '--trains',
      '2',
      '--catalogue',
      catalogue,
    ],
    ...['--cells', String(cells), '--run', String(run), '--seed', String(seed)],
  )
  if (status !== 0) throw new Error(stderr)
  const { detector } = kitOf({ id: 'agipd1m' })
  const path = join(out, 'raw', `r000${run}`)
  const stream = await streamOf({ folder: out, catalogue, detector, path, karaboId: 'SPB_DET_AGIPD1M-1' })
  return { stream, offline: await stream.correct() }
}

/** The same condition twice, of other days, and another number of memory cells. */
let few: Recorded
let later: Recorded
let many: Recorded
beforeAll(async () => {
  few = await recorded(1, 3, 1)
  later = await recorded(2, 3, 2)
  many = await recorded(3, 5, 3)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let online: Online
afterEach(() => online.close())

async function start(more: Partial<ServeRequest> = {}, options: OnlineOptions = {}): Promise<void> {
  const request = { catalogue, badPixelsAs: 'mask', ...more } as const
  online = await Online.start({ ...few.stream, request: {} }, request, options)
}

let trainId = 0
/** A train of a run under a new id, at its own time or another. */
async function send({ stream }: Recorded, seconds = timeOf(stream)): Promise<RawTrain> {
  const train = { ...(stream.trains[0] as RawTrain), train: ++trainId }
  await online.send(...moduleSources(stream, train, 'file', { seconds: BigInt(seconds), attoseconds: 0n }))
  return train
}

function timeOf({ plan }: GoldenStream): number {
  return Math.floor((plan.run.time?.getTime() ?? Number.NaN) / 1000)
}

async function expectOf({ stream, offline }: Recorded, train: RawTrain): Promise<void> {
  const frames = offline.get((stream.trains[0] as RawTrain).train)
  expectEqual(await online.next(), train, new Map(frames ? [[train.train, frames]] : []))
}

describe('constants are those of each train', () => {
  it('where the number of memory cells falls and rises, whatever came before', async () => {
    await start()
    for (const one of [few, many, few, few, many]) await expectOf(one, await send(one))
    const said = online.incidents.filter(({ cause }) => cause === 'constants').map(({ message }) => message)
    expect(said).toContain('looked up anew: Memory cells 4 before, 32 now')
  })

  it('of the first train of a run: one of another day has those of its day', async () => {
    await start()
    expect(timeOf(later.stream) - timeOf(few.stream)).toBeGreaterThan(3600)
    for (const one of [few, later, few]) await expectOf(one, await send(one))
  })

  it('and do not change within a run, until they are loaded anew: for the time of the last train', async () => {
    await start()
    const [first, last] = [timeOf(few.stream), timeOf(later.stream)]
    const step = 9 * 60
    for (let at = first; at < last + step; at += step) await expectOf(few, await send(few, at))
    await online.service.reloadConstants()
    await expectOf(later, await send(later, last + step))
  })
})

describe('what is not to be had', () => {
  it('costs the trains that need it, and the others nothing', async () => {
    await start({ conditions: { 'Memory cells': 4 } })
    await expectOf(few, await send(few))
    const before = online.status.trains.published
    await expect(online.service.change({ pulses: '1:2', steps: ['none'] })).rejects.toThrow('called none')
    await expect(online.service.change({ steps: ['threshold,offset'] })).rejects.toThrow('is called')
    expect(online.status.settings.pulses).toBeUndefined()
    await expectOf(few, await send(few))
    expect(online.status.trains.published).toBe(before + 1)
  })

  it('a filter whose frames memory does not hold is refused, and the one before stays', async () => {
    // One frame at a time takes about 4 MiB, both trains in flight included; three take 11.
    await start({ pulses: ':1' }, { memory: 8 * 2 ** 20 })
    const first = async () => expect((await online.next()).cellIds).toEqual([0])
    await send(few)
    await first()
    await expect(online.service.change({ pulses: ':' })).rejects.toThrow(/take .* MiB; .* are to be used/)
    await send(few)
    await first()
    expect(online.status.trains.lost.uncorrected).toBe(0)
  })
})
