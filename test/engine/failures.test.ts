import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readdirSync, truncateSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { correctRun } from '../../src/engine/run/correct-run.js'
import { Engine } from '../../src/engine/threads/engine.js'
import { OutputFolder } from '../../src/files/output-folder.js'
import { BusyError, OutputError } from '../../src/model/errors.js'
import { StoppedError } from '../../src/model/interruptions.js'
import {
  correct,
  type GoldenPlace,
  goldenPlace,
  planOf,
  type Request,
  readBack,
} from '../helpers/correction.js'

const DYING = fileURLToPath(new URL('../helpers/dying-worker.cjs', import.meta.url))

let place: GoldenPlace
let count = 0
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())
afterEach(() => {
  delete process.env['DETCAL_TEST_MODULE']
  delete process.env['DETCAL_TEST_MARK']
})

/** A request with an output folder of its own. */
function request(more: Partial<Request> = {}): Request {
  return {
    run: place.golden.path,
    catalogue: place.catalogue,
    out: join(place.folder, `out-${count++}`),
    ...more,
  }
}

/** A copy of the run that a test may damage. */
function copyOfRun(): string {
  const path = join(place.folder, `run-${count++}`)
  cpSync(place.golden.path, path, { recursive: true })
  return path
}

const leftovers = (folder: string) =>
  readdirSync(folder).filter(name => !/^(CORR-.*\.h5|calibration_metadata_.*\.yml|.*\.cxi)$/.test(name))

describe('a worker that dies', () => {
  it('costs its block one retry and nothing else', async () => {
    const mark = join(place.folder, 'mark')
    process.env['DETCAL_TEST_MODULE'] = '4'
    process.env['DETCAL_TEST_MARK'] = mark
    const engine = await Engine.start({ workers: 2, workerEntry: DYING })
    const asked = request({ options: { engine } })
    const outcome = await correct(asked).finally(() => engine.close())
    expect(existsSync(mark)).toBe(true)
    expect(outcome.modules.map(({ status }) => status)).toEqual(outcome.modules.map(() => 'corrected'))
    const [expected] = place.golden.modules['4'] ?? []
    const found = await readBack(join(asked.out, 'CORR-R0001-AGIPD04-S00000.h5'), place.golden.karaboId, 4)
    expect(found.frames).toEqual(expected?.frames.default)
  })

  it('twice on one block fails its file, named, and leaves the other modules whole', async () => {
    process.env['DETCAL_TEST_MODULE'] = '4'
    const engine = await Engine.start({ workers: 2, workerEntry: DYING })
    const asked = request({ options: { engine } })
    const outcome = await correct(asked).finally(() => engine.close())
    const failed = outcome.modules.find(({ module }) => module === 4)
    expect(failed?.status).toBe('failed')
    expect(failed?.sequences[0]?.error?.message).toMatch(
      /module 4, a block of \d+ frames: its worker died twice/,
    )
    expect(readdirSync(asked.out).filter(name => name.includes('AGIPD04'))).toEqual([])
    expect(outcome.modules.filter(({ status }) => status === 'corrected')).toHaveLength(
      outcome.modules.length - 1,
    )
    expect(leftovers(asked.out)).toEqual([])
  })
})

describe('a pool of threads', () => {
  it('may be closed while a thread starts in place of one that died', () => {
    const pools = fileURLToPath(new URL('../helpers/closing-pools.mjs', import.meta.url))
    expect(execFileSync(process.execPath, [pools, '50'], { encoding: 'utf8' })).toBe('closed\n')
  })
})

describe('stopping', () => {
  it('leaves no part of a file, no lock and no folder it made', async () => {
    const controller = new AbortController()
    const asked = request({ combined: join(place.folder, 'stopped.cxi') })
    const running = correct({
      ...asked,
      options: { signal: controller.signal, onProgress: () => controller.abort() },
    })
    await expect(running).rejects.toThrow(StoppedError)
    const left = existsSync(asked.out) ? leftovers(asked.out) : []
    expect(left).toEqual([])
    expect(readdirSync(place.folder).filter(name => name.startsWith('stopped.cxi'))).toEqual([])
  })

  it('before anything has begun writes nothing', async () => {
    const asked = request({ options: { signal: AbortSignal.abort() } })
    await expect(correct(asked)).rejects.toThrow(StoppedError)
    expect(existsSync(asked.out)).toBe(false)
  })
})

describe('a callback for progress that throws', () => {
  it('is called no more, and loses no file', async () => {
    let calls = 0
    const asked = request({
      options: {
        onProgress: () => {
          calls++
          throw new Error('no terminal')
        },
      },
    })
    const { modules, problems } = await correct(asked)
    expect(calls).toBe(1)
    expect(new Set(modules.map(({ status }) => status))).toEqual(new Set(['corrected']))
    expect(problems.filter(({ check }) => check === 'progress_callback')).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('no terminal') },
    ])
  })
})

describe('a RAW file', () => {
  it('that grows while it is read fails, and leaves no CORR file', async () => {
    const run = copyOfRun()
    const [first = ''] = readdirSync(run).sort()
    const asked = request({ run, workers: 1 })
    const outcome = await correct({
      ...asked,
      options: { onProgress: () => appendFileSync(join(run, first), 'x') },
    })
    const error = outcome.problems.find(({ check }) => check === 'correction_failed')
    expect(error?.message).toMatch(/changed from \d+ to \d+ bytes while it was read/)
    expect(error?.place.file).toBe(join(run, first))
    expect(existsSync(join(asked.out, first.replace('RAW', 'CORR')))).toBe(false)
    expect(leftovers(asked.out)).toEqual([])
  })

  it('that was touched or truncated after the plan was made fails', async () => {
    const run = copyOfRun()
    const asked = request({ run })
    const plan = await planOf(asked)
    const [first = '', second = ''] = plan.modules.map(
      ({ sequences }) => sequences[0]?.joined.file.path ?? '',
    )
    utimesSync(first, new Date(), new Date(0))
    truncateSync(second, 5000)
    const provenance = { software: 'test', created: '2026-01-01T00:00:00.000Z', options: {} }
    const outcome = await correctRun(plan, {
      output: { folder: asked.out, corrected: true },
      overwrite: false,
      sync: false,
      provenance,
    })
    const messages = new Map(
      outcome.problems
        .filter(({ check }) => check === 'correction_failed')
        .map(({ place: { file }, message }) => [file, message]),
    )
    expect(messages.get(first)).toMatch(/was written to/)
    expect(messages.has(second)).toBe(true)
    expect(leftovers(asked.out)).toEqual([])
  })
})

describe('the output folder', () => {
  it('refuses files that are there, naming the first, unless overwriting', async () => {
    const asked = request()
    await correct(asked)
    const again = correct(asked)
    await expect(again).rejects.toThrow(OutputError)
    await expect(again).rejects.toMatchObject({ place: { file: expect.stringContaining('CORR-R0001-') } })
    const replaced = await correct({ ...asked, options: { overwrite: true } })
    expect(replaced.problems.filter(({ check }) => check === 'correction_failed')).toEqual([])
  })

  it('serves one process at a time', async () => {
    const asked = request()
    const folder = OutputFolder.open(asked.out, { overwrite: false, sync: false })
    await expect(correct(asked)).rejects.toThrow(BusyError)
    folder.close()
    expect(existsSync(asked.out)).toBe(false)
  })
})
