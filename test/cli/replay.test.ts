import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import { detcal, failureLines, startDetcal } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { writeModule } from '../helpers/exdf.js'

let place: GoldenPlace
/** A module of three trains, and the same with a second module whose frames were never written. */
let run: string
let damaged: string
beforeAll(async () => {
  place = await goldenPlace()
  run = join(place.folder, 'run')
  damaged = join(place.folder, 'damaged')
  const trains = { trainIds: [1000, 1001, 1002], counts: [1, 1, 1] }
  for (const folder of [run, damaged]) {
    mkdirSync(folder)
    await writeModule(folder, trains)
  }
  await writeModule(damaged, { ...trains, module: 1, written: false })
})
afterAll(() => place.remove())

/** Starts `detcal replay`; resolves once it serves. */
async function serve(...args: string[]) {
  const started = startDetcal('replay', ...args)
  const endpoint = await new Promise<string>((resolve, reject) => {
    let text = ''
    started.child.stderr?.on('data', (more: string) => {
      text += more
      const [, found] = / trains at (tcp:\S+)/.exec(text) ?? []
      if (found) resolve(found)
    })
    started.child.on('exit', code => reject(new Error(`ended with ${code}: ${text}`)))
  })
  return { ...started, client: BridgeClient.connect(endpoint.replace('0.0.0.0', '127.0.0.1'), 'REQ') }
}

async function trainIds(client: BridgeClient, count: number): Promise<bigint[]> {
  const ids: bigint[] = []
  while (ids.length < count) {
    const frames = await client.next()
    if (frames === undefined) break
    ids.push(decodeTrain(frames)[0]?.time.train ?? 0n)
  }
  client.close()
  return ids
}

const LOCAL = ['--bind', 'tcp://127.0.0.1:*']

describe('detcal replay', () => {
  it('sends a run, says what it sent, and ends with 0', async () => {
    const { client, ended } = await serve(run, ...LOCAL, '--rate', 'max')
    expect(await trainIds(client, 3)).toEqual([1000n, 1001n, 1002n])
    const result = await ended
    expect([result.status, failureLines(result)]).toEqual([
      0,
      [expect.stringContaining('3 trains at tcp://')],
    ])
    expect(result.stdout).toMatch(
      /^SPB_DET_AGIPD1M-1: 3 trains sent, 0 dropped\n3 module frames, .* trains\/s, /,
    )
    expect(result.stderr).toMatch(/^3\/3 trains, /m)
  })

  it('parts that are lost are named and counted, and the exit code is 1', async () => {
    const { client, ended } = await serve(damaged, ...LOCAL, '--rate', 'max', '--json')
    expect(await trainIds(client, 3)).toEqual([1000n, 1001n, 1002n])
    const { status, stdout, stderr } = await ended
    expect([status, JSON.parse(stdout)]).toEqual([
      1,
      expect.objectContaining({
        karaboId: 'SPB_DET_AGIPD1M-1',
        corrected: false,
        sent: 3,
        lostParts: 3,
        frames: 3,
      }),
    ])
    expect(stderr).toMatch(
      /^error: .*AGIPD01.*image\/data, module 1, train 1001: 1 of 1 frames were never written/m,
    )
  })

  it('of which the damaged module is not selected: all is well', async () => {
    const options = [...LOCAL, '--rate', 'max', '--modules', '0', '--trains', '1:']
    const { client, ended } = await serve(damaged, ...options)
    expect(await trainIds(client, 2)).toEqual([1001n, 1002n])
    expect((await ended).status).toBe(0)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: ends with %i, and says what was sent', async (signal, code) => {
    const { client, child, ended } = await serve(run, ...LOCAL, '--loop', '--rate', 'max')
    expect(await trainIds(client, 5)).toEqual([1000n, 1001n, 1002n, 1003n, 1004n])
    child.kill(signal)
    const { status, stdout, stderr } = await ended
    expect([status, stderr]).toEqual([code, expect.stringContaining(`interrupted by ${signal}`)])
    expect(stdout).toMatch(/^SPB_DET_AGIPD1M-1: [56] trains sent, 0 dropped/)
  })

  it('warns where other machines can read, and only there', async () => {
    const open = await serve(run, '--bind', 'tcp://0.0.0.0:*', '--rate', 'max')
    await trainIds(open.client, 3)
    expect((await open.ended).stderr).toMatch(/^warning: tcp:\/\/0\.0\.0\.0:\*: whoever reaches this address/)
    const local = await serve(run, ...LOCAL, '--rate', 'max')
    await trainIds(local.client, 3)
    expect((await local.ended).stderr).not.toContain('whoever reaches')
  })

  it.each([
    [['--bind', '4545'], /^detcal: --bind "4545" is not an endpoint/],
    [[...LOCAL, '--rate', '0'], /^detcal: --rate "0" is not a number of trains a second.* or max/],
    [[...LOCAL, '--rate', 'fast'], /^detcal: --rate "fast"/],
    [
      [...LOCAL, '--modules', '3'],
      /^detcal: .*--modules 3 selects none of the run's modules.*They are 0\.\n/,
    ],
    [[...LOCAL, '--modules', '16'], /^detcal: AGIPD-1M has no module 16/],
    [[...LOCAL, '--trains', '9:'], /^detcal: --trains selects none/],
    [
      ['--bind', 'tcp://192.0.2.1:4545'],
      /^(?:warning: .*\n)?detcal: tcp:\/\/192\.0\.2\.1:4545 cannot be bound/,
    ],
    [[], /^detcal: Missing required argument: bind/],
  ])('refuses %j', (args, message) => {
    const { status, stdout, stderr } = detcal('replay', run, ...args)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  })
})
