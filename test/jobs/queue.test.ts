import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { cancelRequest } from '../../src/jobs/job-status.js'
import { checkMessage } from '../../src/jobs/message.js'
import { JobQueue } from '../../src/jobs/queue.js'
import { RunReadiness } from '../../src/jobs/readiness.js'
import { runFolders } from '../../src/jobs/run-key.js'
import { splitSequences } from '../../src/jobs/split.js'
import { isEnded, mayGo, type RequestState, TRANSITIONS } from '../../src/jobs/states.js'
import { answer } from '../../src/jobs/submit.js'
import { MarkerWatch } from '../../src/jobs/watch.js'

const folder = mkdtempSync(join(tmpdir(), 'detcal-queue-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const RUN = { instrument: 'SPB', cycle: '202601', proposal: 900900, run: 1 }
let queue: JobQueue
let count = 0
beforeEach(() => {
  queue = JobQueue.open(join(folder, `${count++}.sqlite`), { create: true })
  return () => queue.close()
})

const correct = (fields: object = {}) =>
  answer(queue, checkMessage({ request: 'correct', ...RUN, ...fields }))
const stateOf = (id = 1) => queue.request(id)?.state

/** Takes a request as far as the jobs that it begins. */
function begin(id: number, ...states: RequestState[]): void {
  queue.go(id, 'planning')
  queue.addJobs(id, ['plan'])
  for (const state of states) queue.go(id, state)
}

describe('states', () => {
  it('each lead to an end, and an end nowhere but from recorded', () => {
    const states = Object.keys(TRANSITIONS) as RequestState[]
    for (const from of states)
      for (const to of ['failed', 'cancelled', 'recorded'] as const)
        expect(mayGo(from, to)).toBe(!isEnded(from))
    expect(
      states.filter(isEnded).flatMap(from => states.filter(to => mayGo(from, to)).map(to => [from, to])),
    ).toEqual([['recorded', 'queued']])
  })

  it('refuse a step that is none', () => {
    correct({ quality: 'good' })
    expect(() => queue.go(1, 'running')).toThrow('request 1 cannot go from queued to running')
    expect(stateOf()).toBe('queued')
  })
})

describe('a request', () => {
  it('is accepted once: the same again is a duplicate, also of one that is done', () => {
    expect(correct({ quality: 'good' })).toEqual({ status: 'accepted', id: 1, state: 'queued' })
    expect(correct({ quality: 'good' })).toMatchObject({ status: 'duplicate', id: 1 })
    expect(correct()).toMatchObject({ status: 'duplicate', id: 1 })
    begin(1, 'planned', 'running', 'summarising', 'done')
    expect(correct({ quality: 'good' })).toMatchObject({ status: 'duplicate', id: 1, state: 'done' })
    expect(correct({ quality: 'good', run: 2 })).toMatchObject({ status: 'accepted', id: 2 })
    expect(correct({ quality: 'good', detector: 'SPB_DET_AGIPD1M-1' })).toMatchObject({
      status: 'accepted',
      id: 3,
    })
  })

  it('corrects again only if it says so, and only what has ended', () => {
    correct({ quality: 'good' })
    expect(correct({ recorrect: true })).toMatchObject({ status: 'duplicate', id: 1 })
    begin(1, 'planned', 'running', 'summarising', 'done')
    expect(correct({ recorrect: true })).toMatchObject({ status: 'accepted', id: 2, state: 'queued' })
    expect(queue.request(2)).toMatchObject({ overwrite: true, quality: 'good' })
  })

  it('may be made anew after one that failed, and replaces what that one left', () => {
    correct({ quality: 'good' })
    queue.go(1, 'failed', 'for a reason')
    expect(correct({ quality: 'good' })).toMatchObject({ status: 'accepted', id: 2 })
    expect(queue.request(2)?.overwrite).toBe(false)
    begin(2, 'planned', 'running', 'failed')
    correct()
    expect(queue.request(3)).toMatchObject({ overwrite: true, quality: 'good', state: 'queued' })
  })

  it('is cancelled once', () => {
    correct({ quality: 'good' })
    begin(1)
    expect(cancelRequest(queue, 1).state).toBe('cancelled')
    expect(queue.jobs({ request: 1 })[0]?.state).toBe('cancelled')
    expect(() => cancelRequest(queue, 1)).toThrow('request 1 is cancelled already')
    expect(() => cancelRequest(queue, 9)).toThrow('there is no request 9')
  })

  it('is found by the id, and by the name of its sender', () => {
    correct({ quality: 'good', rid: 'a7' })
    const ask = (fields: object) => answer(queue, checkMessage({ request: 'query', ...fields }))
    expect(ask({ id: 1 })).toEqual({ status: 'known', id: 1, state: 'queued' })
    expect(ask({ rid: 'a7' })).toEqual({ status: 'known', id: 1, state: 'queued' })
    expect(ask({ id: 2 })).toEqual({ status: 'rejected', reason: 'there is no such request' })
    expect(ask({})).toMatchObject({ status: 'rejected' })
  })

  it('that changes is told, once', () => {
    correct({ quality: 'good' })
    queue.go(1, 'failed', 'x')
    const events = queue.events(10)
    expect(events.map(({ body }) => JSON.parse(body).state)).toEqual(['queued', 'failed'])
    expect(JSON.parse(events[1]?.body ?? '')).toMatchObject({ ...RUN, id: 1, reason: 'x', quality: 'good' })
    queue.published(events[0]?.id ?? 0)
    expect(queue.events(10)).toEqual(events.slice(1))
  })

  it('of a lower priority comes first, then the earlier', () => {
    for (const [run, priority] of [2, 1, 2, -5].entries())
      correct({ run: run + 1, priority, quality: 'good' })
    expect(queue.active().map(({ id }) => id)).toEqual([4, 2, 1, 3])
  })
})

describe('the quality', () => {
  it('bad is recorded, and good begins', () => {
    expect(correct({ quality: 'bad' })).toEqual({
      status: 'recorded',
      id: 1,
      state: 'recorded',
      reason: 'the run is bad',
    })
    expect(correct({ quality: 'bad' })).toMatchObject({ status: 'recorded', id: 1 })
    expect(correct()).toMatchObject({ status: 'duplicate', id: 1, state: 'recorded' })
    expect(correct({ quality: 'unclear' })).toEqual({ status: 'accepted', id: 1, state: 'queued' })
  })

  it('that nobody said is waited for', () => {
    correct()
    queue.go(1, 'waiting-for-quality')
    expect(correct()).toMatchObject({ status: 'duplicate', state: 'waiting-for-quality' })
    expect(correct({ quality: 'good' })).toMatchObject({ status: 'accepted', id: 1, state: 'queued' })
  })

  it('that becomes bad calls off what runs; good again is a request of its own', () => {
    correct({ quality: 'good' })
    begin(1, 'planned', 'running')
    expect(correct({ quality: 'bad' })).toMatchObject({ status: 'recorded', id: 1, state: 'recorded' })
    expect(correct({ quality: 'good' })).toMatchObject({ status: 'accepted', id: 2, state: 'queued' })
    expect(queue.request(2)).toMatchObject({ overwrite: true, quality: 'good' })
    expect(correct({ quality: 'good' })).toMatchObject({ status: 'duplicate', id: 2 })
  })

  it('that becomes bad after all keeps the files, and says so', () => {
    correct({ quality: 'good' })
    begin(1, 'planned', 'running', 'summarising', 'done')
    expect(correct({ quality: 'bad' })).toMatchObject({
      status: 'recorded',
      id: 1,
      state: 'done',
      reason: /kept/,
    })
  })
})

describe('the tree', () => {
  const root = join(folder, 'tree')
  const proposal = join(root, 'SPB', '202601', 'p900900')
  const raw = join(proposal, 'raw', 'r0001')
  const mark = (text: string, where = raw) => writeFileSync(join(where, 'migration_complete.json'), text)
  beforeEach(() => {
    rmSync(root, { recursive: true, force: true })
    mkdirSync(raw, { recursive: true })
  })

  it('has a run in its folders, and links that lead out are refused', () => {
    const found = runFolders(root, RUN)
    expect(found).toEqual({ raw, proc: join(proposal, 'proc', 'r0001') })
    for (const target of [folder, '/', join(folder, 'nowhere')]) {
      symlinkSync(target, join(proposal, 'proc'))
      expect(() => runFolders(root, RUN)).toThrow(/leads out of the proposal tree/)
      rmSync(join(proposal, 'proc'))
    }
    mkdirSync(join(root, 'store'))
    symlinkSync(join(root, 'store'), join(proposal, 'proc'))
    expect(runFolders(root, RUN).proc).toBe(found.proc)
  })

  it('tells by markers which runs there are, and how good', async () => {
    const watch = new MarkerWatch(root, queue)
    const look = async () => {
      await watch.look()
      return queue.latest(10).map(({ run, state }) => [run, state])
    }
    expect(await look()).toEqual([])
    mark('{"quality":"go')
    expect(await look()).toEqual([])
    mark('{"quality":"bad"}')
    expect(await look()).toEqual([[1, 'recorded']])
    correct({ quality: 'good' })
    expect(await look()).toEqual([[1, 'queued']])
    // The marker says bad still, as it did before somebody judged otherwise.
    expect(await new MarkerWatch(root, queue).look().then(() => stateOf())).toBe('queued')
    mark('{"quality": "unclear"}')
    await look()
    mark(' {"quality":"bad"}')
    expect(await look()).toEqual([[1, 'recorded']])
  })

  it('with other names, hostile markers and links out is left alone', async () => {
    for (const name of ['r1', 'r00001', 'rabcd', 'r0000']) {
      mkdirSync(join(proposal, 'raw', name))
      mark('{"quality":"good"}', join(proposal, 'raw', name))
    }
    symlinkSync('/etc/passwd', join(raw, 'migration_complete.json'))
    symlinkSync(folder, join(proposal, 'raw', 'r0002'))
    mkdirSync(join(proposal, 'raw', 'r0003'))
    mark(`{"quality":"good","x":"${'x'.repeat(5000)}"}`, join(proposal, 'raw', 'r0003'))
    await new MarkerWatch(root, queue).look()
    expect(queue.latest(10)).toEqual([])
  })

  it('has a run that is ready when a marker says so, or its files stay as they are', () => {
    const readiness = new RunReadiness(1000)
    const at = (now: number, quality: 'good' | '' = 'good', where = raw) => {
      const found = readiness.of({ quality }, { raw: where, proc: '' }, now)
      return found === 'ready' ? found : found.state
    }
    expect(at(0, '')).toBe('waiting-for-quality')
    expect(at(0, 'good', join(proposal, 'raw', 'r0009'))).toBe('waiting-for-migration')
    expect([at(0), at(5000)]).toEqual(['waiting-for-files', 'waiting-for-files'])
    const file = join(raw, 'RAW-R0001-AGIPD00-S00000.h5')
    writeFileSync(file, 'a')
    expect([at(6000), at(6900)]).toEqual(['waiting-for-files', 'waiting-for-files'])
    writeFileSync(file, 'ab')
    expect([at(7100), at(8000), at(8100)]).toEqual(['waiting-for-files', 'waiting-for-files', 'ready'])
    mark('{')
    expect(at(9000)).toBe('waiting-for-files')
    mark('{}')
    expect(at(9001)).toBe('ready')
  })
})

it("splits sequences as numpy's array_split does", () => {
  const starts = (count: number, parts: number) =>
    splitSequences(
      Array.from({ length: count }, (_, i) => i),
      parts,
    ).map(([first]) => first)
  expect(starts(13, 8)).toEqual([0, 2, 4, 6, 8, 10, 11, 12])
  expect(starts(3, 8)).toEqual([0, 1, 2])
  expect(splitSequences([5, 1, 1, 3], 2)).toEqual([[1, 3], [5]])
})

it('a queue that is none is refused', () => {
  const path = join(folder, 'none.sqlite')
  expect(() => JobQueue.open(path)).toThrow(/there is no queue/)
  writeFileSync(path, 'x'.repeat(8192))
  expect(() => JobQueue.open(path)).toThrow(/cannot be used/)
  expect(() => JobQueue.open(join(folder, 'no', 'folder'), { create: true })).toThrow(/folder of the queue/)
})
