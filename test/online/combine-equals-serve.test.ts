import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import type { BridgeServer } from '../../src/bridge/server.js'
import { CombineService } from '../../src/online/combine/combine-service.js'
import { type CombineRequest, checkCombineRequest } from '../../src/online/combine/request.js'
import type { Incident } from '../../src/online/live.js'
import { checkServeRequest, type ServeRequest } from '../../src/online/request.js'
import { OnlineService } from '../../src/online/service.js'
import { detcal } from '../helpers/command.js'
import { feed, feeder, rawSource } from '../helpers/online-sources.js'

const MODULES = [0, 1, 2, 3]
const FRAMES = 5
const TRAINS = [101, 102, 103]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-combine-'))
  const made = detcal(
    ...[
      'simulate',
      folder,
      '--detector',
      'agipd1m',
      '--modules',
      '0-3',
      '--cells',
      String(FRAMES),
      '--trains',
      '1',
    ],
  )
  expect(made.status, made.stderr).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true }))

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** What services said that went wrong; that conditions are assumed is not of it. */
const complaints: string[] = []
function note({ cause, message }: Incident): void {
  if (cause !== 'constants') complaints.push(message)
}

async function serveOf(
  modules: string,
  request: Partial<ServeRequest>,
): Promise<{ from: BridgeServer; to: string }> {
  const from = await feeder()
  const service = await OnlineService.start(
    checkServeRequest({
      ...{ sources: [from.endpoint], publish: ['tcp://127.0.0.1:*'], catalogue: join(folder, 'catalogue') },
      ...{ conditions: {}, whenFull: 'wait', modules, deadline: 60_000, ...request },
    }),
    { workers: 1, memory: 2 ** 31, onIncident: note },
  )
  open.push(service, from)
  return { from, to: service.status().outputs[0]?.endpoint ?? '' }
}

async function combineOf(sources: readonly string[], request: Partial<CombineRequest>): Promise<string> {
  const service = await CombineService.start(
    checkCombineRequest({
      ...{ sources: [...sources], publish: ['tcp://127.0.0.1:*'], whenFull: 'wait', modules: '0-3' },
      ...{ deadline: 60_000, ...request },
    }),
    note,
  )
  open.push(service)
  return service.status().outputs[0]?.endpoint ?? ''
}

/** The frames of the next trains' messages. */
async function trainsAt(endpoint: string): Promise<Uint8Array[][]> {
  const client = BridgeClient.connect(endpoint, 'REQ')
  const messages: Uint8Array[][] = []
  for (const _ of TRAINS) messages.push((await client.next()) ?? [])
  client.close()
  return messages
}

interface Variant {
  readonly name: string
  readonly serve: Partial<ServeRequest>
  readonly hosts: Partial<ServeRequest>
  readonly combine: Partial<CombineRequest>
}

const VARIANTS: readonly Variant[] = [
  { name: 'stacked, frames last', serve: {}, hosts: {}, combine: {} },
  {
    name: 'both, frames first, with mask and gain',
    serve: { output: 'both', axisOrder: 'file', badPixelsAs: 'mask' },
    hosts: { axisOrder: 'file', badPixelsAs: 'mask' },
    combine: { output: 'both', axisOrder: 'file' },
  },
  {
    name: 'modules, of protocol 1.0',
    serve: { output: 'modules', badPixelsAs: 'mask', protocol: '1.0' },
    hosts: { badPixelsAs: 'mask' },
    combine: { output: 'modules', protocol: '1.0' },
  },
  {
    name: 'both, frames last, of hosts that send them first, some pulses only',
    serve: { output: 'both', badPixelsAs: 'mask', pulses: '1:5:2' },
    hosts: { axisOrder: 'file', badPixelsAs: 'mask' },
    combine: { output: 'both', pulses: '1:5:2' },
  },
  {
    name: 'both, frames first, of hosts that send them last, some pulses only',
    serve: { output: 'both', axisOrder: 'file', pulses: ':3' },
    hosts: {},
    combine: { output: 'both', axisOrder: 'file', pulses: ':3' },
  },
  {
    name: 'both, frames last, every other of them',
    serve: { output: 'both', badPixelsAs: 'mask', pulses: '::2' },
    hosts: { badPixelsAs: 'mask' },
    combine: { output: 'both', pulses: '::2' },
  },
]

describe('two hosts with half the modules each, combined, send the same bytes as one with all', () => {
  it.each(VARIANTS)('$name', async ({ serve, hosts, combine }) => {
    complaints.length = 0
    const all = await serveOf('0-3', serve)
    const low = await serveOf('0,2', { ...hosts, output: 'modules' })
    const high = await serveOf('1,3', { ...hosts, output: 'both' })
    const combined = await combineOf([low.to, high.to], combine)
    for (const train of TRAINS)
      for (const host of [all, low, high])
        await feed(host.from, ...MODULES.map(module => rawSource(module, train, FRAMES)))
    const [wanted, got] = await Promise.all([trainsAt(all.to), trainsAt(combined)])
    expect(wanted.map(({ length }) => length)).toEqual(got.map(({ length }) => length))
    for (const [i, frames] of wanted.entries())
      for (const [j, frame] of frames.entries())
        expect(Buffer.compare(frame, got[i]?.[j] ?? Buffer.alloc(0)), `train ${i}, frame ${j}`).toBe(0)
    // Something was corrected, and not all of it is NaN.
    for (const { arrays } of decodeTrain(wanted[0] ?? [])) {
      const data = Uint8Array.from(arrays['image.data']?.data ?? [])
      const values = new Float32Array(data.buffer)
      expect(values.filter(Number.isFinite).length).toBeGreaterThan(values.length / 2)
    }
    expect(complaints).toEqual([])
  })
})
