import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { jobFolder } from '../../src/jobs/job-files.js'
import { JobQueue } from '../../src/jobs/queue.js'
import type { QueuedRequest } from '../../src/jobs/queued.js'
import { startJobsWeb } from '../../src/web/jobs/start-jobs-web.js'
import type { Web } from '../../src/web/start-web.js'

const TOKEN = 'only-for-this-test'
const DETECTOR = 'SPB_DET_AGIPD1M-1'

interface Served {
  readonly web: Web
  readonly queue: JobQueue
  readonly folder: string
  readonly proc: string
}

async function served(): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-jobs-web-'))
  const [root, path] = [join(folder, 'tree'), join(folder, 'q.sqlite')]
  const proc = join(root, 'SPB', '202601', 'p900900', 'proc', 'r0001')
  mkdirSync(proc, { recursive: true })
  const queue = JobQueue.open(path, { create: true })
  const log = pino({ level: 'silent' })
  const web = await startJobsWeb({
    queue: path,
    root,
    http: '127.0.0.1:0',
    version: 'test',
    token: TOKEN,
    log,
  })
  onTestFinished(async () => {
    await web.close()
    queue.close()
    rmSync(folder, { recursive: true })
  })
  return { web, queue, folder, proc }
}

function added(queue: JobQueue, run = 1): QueuedRequest {
  return queue.add({
    ...{ instrument: 'SPB', cycle: '202601', proposal: 900900, run, rid: '', detector: '', priority: 2 },
    ...{ quality: 'good', overwrite: false, dark: '', state: 'queued', reason: '' },
  })
}

/** Takes a request to its end, with a report of `content`. */
function done({ queue, proc }: Served, content: string | undefined): void {
  const { id } = added(queue)
  for (const state of ['planning', 'planned', 'running', 'summarising', 'done'] as const) queue.go(id, state)
  const detector = { request: id, status: 'corrected', verdict: 'All is well.', files: [], problems: [] }
  writeFileSync(
    join(proc, 'corrections_complete.json'),
    JSON.stringify({ detectors: { [DETECTOR]: detector } }),
  )
  if (content !== undefined) writeFileSync(join(proc, `quality_${DETECTOR}.html`), content)
}

const get = ({ web }: Served, path: string) => fetch(`${web.address}${path}`)

describe('requests', () => {
  test('are told, with the reports that came of them', async () => {
    const place = await served()
    done(place, '<!doctype html>a report')
    const all = (await (await get(place, '/api/requests')).json()) as { counts: object; version: string }
    expect(all).toMatchObject({ counts: { done: 1 }, version: 'test', requests: [{ id: 1, state: 'done' }] })
    const path = `/api/requests/1/reports/${DETECTOR}`
    const detail = await (await get(place, '/api/requests/1')).json()
    expect(detail).toMatchObject({
      proc: 'SPB/202601/p900900/proc/r0001',
      reports: [{ path, verdict: 'All is well.' }],
    })
    const report = await get(place, path)
    expect(await report.text()).toBe('<!doctype html>a report')
    expect(report.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*; sandbox$/)
  })

  test.each([
    '/api/requests/2',
    '/api/requests/0',
    '/api/requests/1e0',
    '/api/requests/..%2f..',
  ])('that are none are refused: %s', async path => {
    const place = await served()
    added(place.queue)
    const answer = await get(place, path)
    expect(answer.status).toBe(422)
    expect(await answer.json()).toEqual({
      error: expect.stringMatching(/no request 2|no number of a request/),
    })
  })

  test('are followed as they change', async () => {
    const { web, queue } = await served()
    const { body } = await fetch(`${web.address}/api/events`)
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    const next = async (): Promise<string> => (await reader?.read())?.value ?? ''
    expect(await next()).toContain('"requests":[]')
    added(queue)
    let heard = ''
    while (!heard.includes('"id":1')) heard += await next()
    expect(heard).toContain('event: queue')
    await reader?.cancel()
  })
})

describe('what changes state', () => {
  test('needs the token', async () => {
    const { web, queue } = await served()
    added(queue)
    const cancel = (authorization: string) =>
      fetch(`${web.address}/api/requests/1/cancel`, { method: 'POST', headers: { authorization } })
    for (const wrong of ['', 'Bearer', 'Bearer wrong']) {
      expect((await cancel(wrong)).ok).toBe(false)
      expect(queue.request(1)?.state).toBe('queued')
    }
    expect((await cancel(`Bearer ${TOKEN}`)).status).toBe(200)
    expect(queue.request(1)?.state).toBe('cancelled')
    expect((await cancel(`Bearer ${TOKEN}`)).status).toBe(422)
  })

  test('and pages of other sites may ask for nothing', async () => {
    const { web } = await served()
    const headers = { origin: 'http://evil.example.org' }
    expect((await fetch(`${web.address}/api/requests`, { headers })).status).toBe(403)
  })
})

describe('files', () => {
  test('a log is told of jobs that there are, its end where it is long', async () => {
    const place = await served()
    const { id } = added(place.queue)
    place.queue.addJobs(id, ['plan'])
    expect(await (await get(place, '/api/requests/1/logs/plan')).text()).toBe('')
    const folder = jobFolder(place.queue.path, id)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'plan.log'), `${'a'.repeat(100_000)}end`)
    const text = await (await get(place, '/api/requests/1/logs/plan')).text()
    expect(text).toHaveLength(65_536)
    expect(text.endsWith('aend')).toBe(true)
    for (const name of ['task', '..%2f..%2fq.sqlite', 'plan.log', 'summary'])
      expect((await get(place, `/api/requests/1/logs/${name}`)).status).toBe(422)
  })

  test('a report that is a link is not followed, nor a name that is none', async () => {
    const place = await served()
    done(place, undefined)
    writeFileSync(join(place.folder, 'secret'), 'secret')
    symlinkSync(join(place.folder, 'secret'), join(place.proc, `quality_${DETECTOR}.html`))
    const answer = await get(place, `/api/requests/1/reports/${DETECTOR}`)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toEqual({
      error: expect.stringContaining('is a link, which is not followed'),
    })
    for (const name of ['..%2f..%2fsecret', 'OTHER'])
      expect((await get(place, `/api/requests/1/reports/${name}`)).status).toBe(422)
  })

  test('a report of a later correction is not told as that of an earlier one', async () => {
    const place = await served()
    done(place, 'first')
    done(place, 'second')
    expect(await (await get(place, '/api/requests/1')).json()).toMatchObject({ reports: [] })
    expect(await (await get(place, `/api/requests/2/reports/${DETECTOR}`)).text()).toBe('second')
  })
})
