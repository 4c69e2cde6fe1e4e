import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import { locate } from '../../src/hdf5/index.js'
import type { Dataset } from '../../src/hdf5/library.js'
import { type ReplayOptions, replay } from '../../src/online/replay/replay.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { correct, type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { put, scratch, writeModule } from '../helpers/exdf.js'
import { idsOf, replayed } from '../helpers/replayed.js'

/** Sources and arrays of a train, by checksum. */
function digests(train: readonly BridgeSource[]): [string, string, string][] {
  return train.flatMap(({ name, arrays }) =>
    Object.entries(arrays).map(([key, { data }]): [string, string, string] => [
      name,
      key,
      createHash('sha256').update(data).digest('hex'),
    ]),
  )
}

const trainIds = [1000, 1001, 1003]
const counts = [2, 1, 0]

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

async function runOf(...specs: Partial<Parameters<typeof writeModule>[1]>[]) {
  const folder = scratch()
  for (const [module, spec] of specs.entries())
    await writeModule(folder, { module, trainIds, counts, ...spec })
  return openStoredRun(folder)
}

describe('what a replay tells of trains', () => {
  it('a single frame keeps its axis; a train without frames is left out and counted', async () => {
    const { trains, outcome } = await replayed(await runOf({}))
    expect(trains.map(([source]) => source?.arrays['image.data']?.shape)).toEqual([
      [2, 2, 512, 128],
      [1, 2, 512, 128],
    ])
    expect(trains[1]?.[0]?.arrays['image.pulseId']?.shape).toEqual([1, 1])
    expect(outcome).toMatchObject({ sent: 2, leftOut: 1, lostParts: 0, frames: 3 })
  })

  it('times are those of INDEX/timestamp, to the nanosecond', async () => {
    const times = [1_700_000_000_000_000_001n, 1_700_000_000_999_999_999n, 0n]
    const { trains } = await replayed(await runOf({ timestamps: times }))
    expect(trains.map(([source]) => source?.time)).toEqual([
      { train: 1000n, seconds: 1_700_000_000n, attoseconds: 1_000_000_000n },
      { train: 1001n, seconds: 1_700_000_000n, attoseconds: 999_999_999_000_000_000n },
    ])
  })

  it('or of the clock on the wall, where the file has none', async () => {
    const before = BigInt(Math.floor(Date.now() / 1000))
    const { trains } = await replayed(await runOf({ version: '0.5' }))
    const after = BigInt(Math.ceil(Date.now() / 1000))
    expect(trains).toHaveLength(2)
    for (const [source] of trains) {
      expect(source?.time.seconds).toBeGreaterThanOrEqual(before)
      expect(source?.time.seconds).toBeLessThanOrEqual(after)
    }
  })

  it('round and round: ids and times of trains go on rising, in the data too', async () => {
    const run = await runOf({})
    const { trains, outcome } = await replayed(run, { loop: true }, { enough: 5 })
    // Four ids from the first to the last.
    expect(idsOf(trains)).toEqual([1000, 1001, 1004, 1005, 1008])
    const start = 1_700_000_000n * 10n
    const tenths = trains.map(([source]) => {
      const { seconds = 0n, attoseconds = 0n } = source?.time ?? {}
      return seconds * 10n + attoseconds / 10n ** 17n - start
    })
    expect(tenths).toEqual([0n, 1n, 4n, 5n, 8n])
    const ids = trains.map(([source]) => [
      ...new BigUint64Array(Uint8Array.from(source?.arrays['image.trainId']?.data ?? []).buffer),
    ])
    expect(ids).toEqual([[1000n, 1000n], [1001n], [1004n, 1004n], [1005n], [1008n, 1008n]])
    expect(trains.map(([source]) => Number(source?.values['header.trainId']))).toEqual(idsOf(trains))
    expect(outcome.sent).toBeGreaterThanOrEqual(5)
  })

  it('no more often than the rate', async () => {
    const run = await runOf({})
    const { outcome } = await replayed(run, { rate: 20, loop: true }, { enough: 5 })
    expect(outcome.seconds).toBeGreaterThanOrEqual(4 / 20)
  })
})

describe('a full queue', () => {
  /** Replays to nobody until the last train was handed over, then reads what is left. */
  async function late(whenFull: ReplayOptions['whenFull']) {
    const run = await runOf({ counts: [1, 1, 1] })
    const all = { modules: run.modules, trains: run.trainIds }
    let endpoint = ''
    let done = 0
    const ended = replay(run, all, {
      ...{ endpoint: 'tcp://127.0.0.1:*', socket: 'REP', version: '2.2', whenFull, layout: 'modules' },
      ...{ rate: Infinity, loop: false },
      onBound: bound => {
        endpoint = bound
      },
      onTrain: trains => {
        done = trains
      },
    })
    while (done < 3) await turn()
    const client = BridgeClient.connect(endpoint, 'REQ')
    const frames = await client.next()
    const outcome = await ended
    client.close()
    return { train: decodeTrain(frames ?? [])[0]?.time.train, outcome }
  }

  it.each([
    ['drop-oldest', 1003n],
    ['drop-newest', 1000n],
  ] as const)('%s: what nobody took is dropped and counted', async (whenFull, kept) => {
    const { train, outcome } = await late(whenFull)
    expect(train).toBe(kept)
    expect(outcome).toMatchObject({ sent: 1, dropped: 2, unsent: 0 })
  })

  it('that nobody empties: the replay stops when it is told to, and says what was not taken', async () => {
    const run = await runOf({})
    const stop = new AbortController()
    const outcome = await replay(
      run,
      { modules: run.modules, trains: run.trainIds },
      {
        ...{ endpoint: 'tcp://127.0.0.1:*', socket: 'PUSH', version: '2.2', whenFull: 'wait' },
        ...{ layout: 'modules', rate: Infinity, loop: false, signal: stop.signal },
        onTrain: () => stop.abort(),
      },
    )
    expect(outcome).toMatchObject({ sent: 0, dropped: 0, unsent: 1 })
  })
})

describe('damage costs the parts that it is in, and they are named', () => {
  it('frames that were never written', async () => {
    const image = (
      file: Parameters<NonNullable<Parameters<typeof writeModule>[1]['also']>>[0],
      root: string,
    ) => {
      const frame = [2, 512, 128]
      put(file, `${root}/image/data`, new Uint16Array(0), {
        ...{ dtype: '<H', shape: [0, ...frame], maxshape: [null, ...frame], chunks: [1, ...frame] },
      })
      const dataset = file.get(`/${root}/image/data`) as Dataset
      dataset.resize([4, ...frame])
      // All but the frame of the second train.
      for (const row of [0, 1, 3])
        dataset.write_slice(
          [
            [row, row + 1],
            [0, 2],
            [0, 512],
            [0, 128],
          ],
          new Uint16Array(2 * 512 * 128).fill(7),
        )
    }
    const without = ['INSTRUMENT/SPB_DET_AGIPD1M-1/DET/1CH0:xtdf/image/data']
    const run = await runOf({ counts: [2, 1, 1] }, { counts: [2, 1, 1], without, also: image })
    const { trains, outcome } = await replayed(run)
    expect(trains.map(train => train.map(({ name }) => name.slice(-9)))).toEqual([
      ['0CH0:xtdf', '1CH0:xtdf'],
      ['0CH0:xtdf'],
      ['0CH0:xtdf', '1CH0:xtdf'],
    ])
    expect(outcome).toMatchObject({ sent: 3, lostParts: 1, frames: 7 })
    expect(outcome.problems.filter(({ check }) => check === 'frames_sent')).toEqual([
      {
        check: 'frames_sent',
        severity: 'error',
        message: '1 of 1 frames were never written, though INDEX counts them',
        place: expect.objectContaining({ module: 1, train: 1001 }),
      },
    ])
  })

  it.each(['modules', 'stacked'] as const)('a compressed chunk of a mask, %s', async layout => {
    const folder = join(place.folder, `damaged-${layout}`)
    await correct({ run: place.golden.path, out: folder, catalogue: place.catalogue })
    const sound = await replayed(await openStoredRun(folder), { layout })
    const name = readdirSync(folder).find(file => file.includes('AGIPD04-S00000')) ?? ''
    const path = join(folder, name)
    const located = locate(path, `INSTRUMENT/${place.golden.karaboId}/CORR/4CH0:output/image/mask`)
    if (located?.storage.kind !== 'chunked') throw new Error('the mask has no chunks')
    const fd = openSync(path, 'r+')
    writeSync(fd, new Uint8Array(8).fill(255), 0, 8, located.storage.addresses[0])
    closeSync(fd)
    const { trains, outcome } = await replayed(await openStoredRun(folder), { layout })
    const named = outcome.problems.filter(({ check }) => check === 'frames_sent')
    expect(named.map(({ place: { module } }) => module)).toEqual([4])
    expect(named[0]?.place.train).toBe(Number(sound.trains[0]?.[0]?.time.train))
    expect(outcome.lostParts).toBe(1)
    expect(idsOf(trains)).toEqual(idsOf(sound.trains))
    if (layout === 'modules') {
      expect(trains[0]?.map(source => source.name)).toEqual(
        sound.trains[0]?.map(source => source.name).filter(source => !source.includes('/4CH')),
      )
    } else {
      const present = trains[0]?.[0]?.values['modulesPresent'] as boolean[]
      const before = sound.trains[0]?.[0]?.values['modulesPresent'] as boolean[]
      expect([before[4], present]).toEqual([true, before.with(4, false)])
    }
    expect(trains.slice(1).map(digests)).toEqual(sound.trains.slice(1).map(digests))
  })

  it('a file that ends early', async () => {
    const folder = join(place.folder, 'cut')
    await correct({ run: place.golden.path, out: folder, catalogue: place.catalogue })
    const name = readdirSync(folder).find(file => file.includes('AGIPD15-S00001')) ?? ''
    truncateSync(join(folder, name), 4096)
    const run = await openStoredRun(folder)
    const { trains, outcome } = await replayed(run)
    expect(
      outcome.problems.filter(({ severity }) => severity === 'error').map(({ place }) => place.file),
    ).toEqual([join(folder, name)])
    expect(trains.length).toBeGreaterThan(1)
    const last = trains.at(-1)?.map(source => source.name)
    expect(last?.some(source => source.includes('/15CH'))).toBe(false)
    expect(last?.some(source => source.includes('/0CH'))).toBe(true)
  })
})
