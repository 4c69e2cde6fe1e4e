import { afterEach, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import type { BridgeServer } from '../../src/bridge/server.js'
import { UsageError } from '../../src/model/errors.js'
import { CombineService } from '../../src/online/combine/combine-service.js'
import { type CombineRequest, checkCombineRequest } from '../../src/online/combine/request.js'
import type { Incident, ViewPlanes } from '../../src/online/live.js'
import {
  correctedSource,
  correctedValue,
  FAST,
  feed,
  feeder,
  PIXELS,
  SLOW,
} from '../helpers/online-sources.js'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

interface Combining {
  readonly service: CombineService
  readonly hosts: readonly BridgeServer[]
  readonly incidents: Incident[]
  /** The sources of the next train that is published. */
  next(): Promise<BridgeSource[]>
}

/** Two hosts, and what joins modules 0 and 1 of them. */
async function combining(request: Partial<CombineRequest> = {}): Promise<Combining> {
  const hosts = [await feeder(), await feeder()]
  const incidents: Incident[] = []
  const service = await CombineService.start(
    checkCombineRequest({
      ...{ sources: hosts.map(({ endpoint }) => endpoint), publish: ['tcp://127.0.0.1:*'], whenFull: 'wait' },
      ...{ modules: '0,1', deadline: 60_000, ...request },
    }),
    incident => incidents.push(incident),
  )
  const client = BridgeClient.connect(service.status().outputs[0]?.endpoint ?? '', 'REQ')
  open.push(service, ...hosts, client)
  return { service, hosts, incidents, next: async () => decodeTrain((await client.next()) ?? []) }
}

const FRAMES = 3

async function both({ hosts }: Combining, train: number, ...passports: string[][]): Promise<void> {
  for (const [module, host] of hosts.entries()) {
    const passport = passports[module]
    await feed(host, correctedSource(module, train, FRAMES, passport && { passport }))
  }
}

/** Values of a stacked array `[module][fast scan][slow scan][frame]`. */
function valuesOf([source]: readonly BridgeSource[]): Float32Array {
  return new Float32Array(Uint8Array.from(source?.arrays['image.data']?.data ?? []).buffer)
}

const at = (module: number, slow: number, fast: number, frame: number, frames = FRAMES): number =>
  ((module * FAST + fast) * SLOW + slow) * frames + frame

describe('combine', () => {
  it('puts modules side by side, whatever the axis order of each host', async () => {
    const all = await combining()
    await feed(all.hosts[0] as BridgeServer, correctedSource(0, 7, FRAMES, { order: 'file' }))
    await feed(all.hosts[1] as BridgeServer, correctedSource(1, 7, FRAMES))
    const sources = await all.next()
    expect(sources.map(({ name }) => name)).toEqual(['SPB_DET_AGIPD1M-1/CAL/APPEND_CORRECTED'])
    expect(sources[0]?.values['modulesPresent']).toEqual([true, true])
    const values = valuesOf(sources)
    for (const module of [0, 1])
      for (const [slow, fast] of [
        [0, 0],
        [3, 100],
        [511, 127],
      ] as const)
        for (let frame = 0; frame < FRAMES; frame++)
          expect(values[at(module, slow, fast, frame)]).toBe(
            correctedValue(module, frame, slow * FAST + fast),
          )
  })

  it('goes on without a host at the deadline, with NaN, and with it when it is back', async () => {
    const all = await combining({ deadline: 50 })
    const [first] = all.hosts as [BridgeServer, BridgeServer]
    await both(all, 1)
    expect((await all.next())[0]?.values['modulesPresent']).toEqual([true, true])
    await feed(first, correctedSource(0, 2, FRAMES))
    const partial = await all.next()
    expect(partial[0]?.values['modulesPresent']).toEqual([true, false])
    const values = valuesOf(partial)
    expect(values.length).toBe(2 * FRAMES * PIXELS)
    expect(values.subarray(0, FRAMES * PIXELS).every(Number.isFinite)).toBe(true)
    expect(values.subarray(FRAMES * PIXELS).every(Number.isNaN)).toBe(true)
    expect(all.service.status().modules[1]).toMatchObject({ state: 'missing', trains: 1, missing: 1 })
    await both(all, 3)
    expect((await all.next())[0]?.values['modulesPresent']).toEqual([true, true])
    expect(all.service.status()).toMatchObject({ trains: { received: 3, complete: 2, partial: 1 } })
    expect(all.service.status().modules[1]).toMatchObject({ state: 'ok' })
  })

  it('drops incomplete trains if told so, and counts them', async () => {
    const all = await combining({ deadline: 50, incomplete: 'drop' })
    await feed(all.hosts[0] as BridgeServer, correctedSource(0, 1, FRAMES))
    await expect.poll(() => all.service.status().trains.lost.incomplete).toBe(1)
    await both(all, 2)
    expect((await all.next())[0]?.time.train).toBe(2n)
  })

  it('passes modules on as they came: only those that are there', async () => {
    const all = await combining({ output: 'modules', deadline: 50 })
    const source = correctedSource(1, 4, FRAMES)
    await feed(all.hosts[1] as BridgeServer, source)
    expect(await all.next()).toEqual([
      {
        ...source,
        arrays: Object.fromEntries(
          Object.entries(source.arrays).map(([key, array]) => [
            key,
            {
              ...array,
              data: expect.toSatisfy((data: Uint8Array) => Buffer.compare(data, array.data) === 0),
            },
          ]),
        ),
      },
    ])
  })

  it('never mixes modules that other steps made', async () => {
    const all = await combining()
    await both(all, 1, ['detcal 0', 'offset'], ['detcal 0', 'offset', 'rel-gain'])
    expect((await all.next())[0]?.values).toMatchObject({
      modulesPresent: [true, false],
      'image.passport': ['detcal 0', 'offset'],
    })
    expect(all.service.status().trains.lost.disagreeing).toBe(1)
    expect(all.incidents[0]).toMatchObject({ cause: 'disagreeing', place: { module: 1, train: 1 } })
    expect(all.incidents[0]?.message).toContain('image.passport')
  })

  it('counts what comes twice or late, and uses what came first', async () => {
    const all = await combining({ deadline: 50 })
    const [first, second] = all.hosts as [BridgeServer, BridgeServer]
    await feed(first, correctedSource(0, 1, FRAMES))
    expect((await all.next())[0]?.values['modulesPresent']).toEqual([true, false])
    await feed(first, correctedSource(0, 1, FRAMES))
    await feed(second, correctedSource(1, 1, FRAMES))
    await expect.poll(() => all.service.status().trains.lost).toMatchObject({ late: 1, duplicate: 1 })
  })

  const broken: readonly [string, (source: BridgeSource) => BridgeSource, RegExp][] = [
    [
      'data of another type',
      source => withData(source, { dtype: 'u4' }),
      /CORR\/0CH0:output, image.data is of u4/,
    ],
    [
      'data of another shape',
      source => withData(source, { shape: [SLOW, FAST, FRAMES] }),
      /has shape \(512, 128, 3\)/,
    ],
    ['no cell ids', source => without(source, 'image.cellId'), /image.cellId is missing/],
    ['no data', source => without(source, 'image.data'), /image.data is missing/],
    [
      'a module that there is not',
      source => ({ ...source, name: 'SPB_DET_AGIPD1M-1/CORR/16CH0:output' }),
      /no module 16/,
    ],
    ['train 0', source => ({ ...source, time: { train: 0n } }), /train 0 is not a train id/],
  ]
  it.each(broken)('names and counts %s, and goes on', async (_, spoil, message) => {
    const all = await combining()
    await feed(all.hosts[0] as BridgeServer, spoil(correctedSource(0, 1, FRAMES)))
    await expect.poll(() => all.service.status().trains.lost.damaged).toBe(1)
    expect(all.incidents[0]?.message).toMatch(message)
    await both(all, 2)
    expect((await all.next())[0]?.time.train).toBe(2n)
  })

  it('refuses arrays whose axis order cannot be told, unless it is told', async () => {
    const unsure = await combining()
    // As many frames as fast scan has pixels: [128][512][128] either way.
    const source = correctedSource(0, 1, FAST, { order: 'file' })
    await feed(unsure.hosts[0] as BridgeServer, source)
    await expect.poll(() => unsure.service.status().trains.lost.damaged).toBe(1)
    expect(unsure.incidents[0]?.message).toContain('Give --source-axis-order')
    const sure = await combining({ sourceAxisOrder: 'file', modules: '0' })
    await feed(sure.hosts[0] as BridgeServer, source)
    const values = valuesOf(await sure.next())
    expect(values[at(0, 3, 5, 100, FAST)]).toBe(correctedValue(0, 100, 3 * FAST + 5))
  })

  it('says what is wrong with a source that has no corrected modules', async () => {
    const all = await combining()
    await feed(all.hosts[0] as BridgeServer, {
      ...correctedSource(0, 1, FRAMES),
      name: 'A/CAL/APPEND_CORRECTED',
    })
    await expect.poll(() => all.incidents.length).toBe(1)
    expect(all.incidents[0]?.message).toContain('--output modules')
  })

  it('changes stride and pulses while it runs, and sends whoever asks for steps or constants to the hosts', async () => {
    const all = await combining()
    await both(all, 2)
    await all.next()
    await all.service.change({ stride: 2, pulses: '1:' })
    await both(all, 3)
    await both(all, 4)
    const sources = await all.next()
    expect(sources[0]?.time.train).toBe(4n)
    expect(sources[0]?.arrays['image.data']?.shape).toEqual([2, FAST, SLOW, FRAMES - 1])
    expect(valuesOf(sources)[at(1, 0, 0, 0, FRAMES - 1)]).toBe(correctedValue(1, 1, 0))
    expect(all.service.status().trains.skipped).toBe(1)
    const refused = all.service.change({ steps: ['offset'] })
    await expect(refused).rejects.toThrow(UsageError)
    await expect(refused).rejects.toMatchObject({
      hint: expect.stringContaining(all.hosts[1]?.endpoint ?? '?'),
    })
    await expect(all.service.reloadConstants()).rejects.toThrow(UsageError)
    await expect(all.service.change({ pulses: 'nonsense' })).rejects.toThrow(UsageError)
    expect(all.service.status()).toMatchObject({
      settings: { stride: 2, pulses: '1:', steps: ['offset'] },
      ...{ knownSteps: [], constants: [], detector: { id: 'agipd1m' } },
    })
  })

  it.each([
    'online',
    'file',
  ] as const)('shows a frame, and the mean of all, of arrays in %s order', async order => {
    const all = await combining({ deadline: 50 })
    const seen: ViewPlanes[] = []
    const views = [
      { layer: 'corrected', frame: 1 },
      { layer: 'corrected', frame: 'mean' },
      { layer: 'raw', frame: 0 },
    ] as const
    for (const view of views) all.service.watch(view, 0, planes => void seen.push(planes))
    await feed(all.hosts[1] as BridgeServer, correctedSource(1, 9, FRAMES, { order }))
    await expect.poll(() => seen.length).toBe(3)
    for (const [pixel, place] of [0, 70, PIXELS - 1].map(pixel => [pixel, PIXELS + pixel] as const)) {
      const [frame, mean, raw] = views.map(view => seen.find(planes => planes.view === view)?.planes[place])
      expect(frame).toBe(correctedValue(1, 1, pixel))
      const values = [0, 1, 2].map(frame => correctedValue(1, frame, pixel))
      expect(mean).toBe(Math.fround(values.reduce((a, b) => a + b, 0) / FRAMES))
      expect(raw).toBeNaN()
    }
    expect(seen[0]).toMatchObject({
      train: 9,
      present: Array.from({ length: 16 }, (_, module) => module === 1),
    })
    expect(seen[0]?.planes.subarray(0, PIXELS).every(Number.isNaN)).toBe(true)
  })
})

function withData(source: BridgeSource, change: object): BridgeSource {
  const data = source.arrays['image.data']
  return data ? { ...source, arrays: { ...source.arrays, 'image.data': { ...data, ...change } } } : source
}

function without(source: BridgeSource, key: string): BridgeSource {
  const { [key]: _, ...arrays } = source.arrays
  return { ...source, arrays }
}
