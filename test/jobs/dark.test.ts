import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Request } from 'zeromq'
import { JobQueue } from '../../src/jobs/queue.js'
import { QUEUE_SCHEMA } from '../../src/jobs/queue-schema.js'
import { detcal } from '../helpers/command.js'
import { mark, type StartedService, startService, statusIn, until } from '../helpers/job-tree.js'

// Dark requests: their runs are waited for, characterised into the catalogue, once.

let folder: string
let raw: string
let service: StartedService | undefined
const RUNS = ['r0001', 'r0002', 'r0003'] as const
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-jobs-'))
  const proposal = join(folder, 'tree', 'SPB', '202601', 'p900900')
  raw = join(proposal, 'raw')
  mkdirSync(join(folder, 'own'))
  const size = ['--modules', '0,3', '--trains', '12', '--cells', '2']
  for (const [i, stage] of ['high', 'medium', 'low'].entries()) {
    const kind = ['--kind', 'dark', '--gain-stage', stage, '--run', String(i + 1)]
    const made = detcal(
      'simulate',
      proposal,
      '--detector',
      'agipd1m',
      '--catalogue',
      join(folder, 'own'),
      ...kind,
      ...size,
    )
    if (made.status !== 0) throw new Error(made.stderr)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(async () => {
  service?.child.kill('SIGTERM')
  await service?.ended
  service = undefined
})

async function ask(message: string): Promise<Record<string, unknown>> {
  const socket = new Request({ receiveTimeout: 10_000, linger: 0 })
  socket.connect(service?.endpoint ?? '')
  try {
    await socket.send(message)
    return JSON.parse(String((await socket.receive())[0])) as Record<string, unknown>
  } finally {
    socket.close()
  }
}

const LIST = `['dark_request', '42', 'sase1', 'SPB', '202601', '900900', 'SPB_DET_AGIPD1M-1', 'ADAPTIVE_GAIN', 'all', 'all', '1', '2', '3']`

describe('a dark request', () => {
  it('waits for its runs, is done once, and leaves constants and a report', async () => {
    const queue = join(folder, 'q.sqlite')
    renameSync(join(raw, 'r0003'), join(folder, 'later'))
    for (const run of RUNS.slice(0, 2)) mark(join(raw, run), 'good')
    const own = join(folder, 'own')
    service = await startService({ root: join(folder, 'tree'), catalogue: own, folder }, queue)
    expect(await ask(LIST)).toMatchObject({ status: 'accepted', id: 1 })
    const state = () => statusIn(queue).requests.find(({ id }) => id === 1)
    const says = () => `${JSON.stringify(state())} ${service?.log()}`
    await until(() => state()?.state === 'waiting-for-migration', says)
    expect(state()?.reason).toContain('r0003 is not there')
    renameSync(join(folder, 'later'), join(raw, 'r0003'))
    mark(join(raw, 'r0003'), 'good')
    await until(() => state()?.state === 'done', says)
    expect(state()?.jobs.map(({ name, state }) => [name, state])).toEqual([['dark', 'done']])
    const html = readFileSync(join(`${queue}.jobs`, '1', 'dark.html'), 'utf8')
    expect(html).toContain('All 2 modules are characterised.')
    const { stdout } = detcal('constants', 'list', '--catalogue', own, '--calibration', 'Offset', '--json')
    expect(JSON.stringify(JSON.parse(stdout))).toContain('Offset')
    // The same as JSON, however it is written, is the same.
    const runs = { low: 3, high: 1, medium: 2 }
    const json = { request: 'dark', instrument: 'SPB', cycle: '202601', proposal: 900900, runs }
    const detector = 'SPB_DET_AGIPD1M-1'
    expect(await ask(JSON.stringify({ ...json, detector }))).toMatchObject({ status: 'duplicate', id: 1 })
    expect(await ask(JSON.stringify({ ...json, detector, recorrect: true }))).toMatchObject({ id: 2 })
    // The event follows the state.
    await until(() => service?.log().includes('request 2 (SPB p900900 r1) done') === true, says)
    expect(statusIn(queue).requests.at(-1)?.state).toBe('done')
    const [result = ''] = readdirSync(join(`${queue}.jobs`, '2')).filter(name =>
      /^dark\.\d+\.json$/.test(name),
    )
    const told = JSON.parse(readFileSync(join(`${queue}.jobs`, '2', result), 'utf8')) as {
      value: { verdict: string }
    }
    expect(told.value.verdict).toMatch(/0 constants entered: all \d+ were in the catalogue, to the byte/)
    expect(detcal('jobs', 'status', '--queue', queue).stdout).toContain('SPB p900900 r0001 r0002 r0003 dark')
  })

  it('of runs that are not dark fails, and says why', async () => {
    const queue = join(folder, 'wrong.sqlite')
    service = await startService(
      { root: join(folder, 'tree'), catalogue: join(folder, 'own'), folder },
      queue,
    )
    await ask(
      JSON.stringify({
        request: 'dark',
        instrument: 'SPB',
        cycle: '202601',
        proposal: 900900,
        runs: { run: 1 },
      }),
    )
    await until(
      () => statusIn(queue).requests[0]?.state === 'failed',
      () => service?.log() ?? '',
    )
    expect(statusIn(queue).requests[0]?.reason).toContain('is characterised from 3 dark runs')
  })
})

describe('a queue of the first version', () => {
  it('is taken on with what is in it', () => {
    const path = join(folder, 'old.sqlite')
    const old = new Database(path)
    old.exec(QUEUE_SCHEMA.replace(/ {2}dark TEXT[^\n]*\n/, ''))
    old.exec('PRAGMA user_version = 1')
    old.exec(
      "INSERT INTO requests VALUES (7, '', 'SPB', '202601', 900900, 1, '', 2, 'good', 0, 'done', '', '2026-01-01', '2026-01-01')",
    )
    old.close()
    const request = JobQueue.using(path, queue => queue.request(7))
    expect(request).toMatchObject({ id: 7, state: 'done', dark: '' })
    expect(
      JobQueue.using(path, queue =>
        queue.requestsOf({ instrument: 'SPB', cycle: '202601', proposal: 900900, run: 1 }),
      ),
    ).toHaveLength(1)
  })

  it('of a later one is refused', () => {
    const path = join(folder, 'new.sqlite')
    JobQueue.using(path, () => {}, { create: true })
    const later = new Database(path)
    later.exec('PRAGMA user_version = 99')
    later.close()
    expect(() => JobQueue.open(path)).toThrow('no queue of this detcal')
  })
})
