import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detcal } from '../helpers/command.js'
import {
  completionIn,
  type JobTree,
  jobTree,
  RUN_OF_TREE,
  type StartedService,
  startService,
} from '../helpers/job-tree.js'

const PEER = new URL('job-peer.py', import.meta.url).pathname
const PYTHON = '/usr/bin/python3'
const [CLIENTS, RUNS] = [8, 125]

let tree: JobTree
let service: StartedService
let queue: string
const peers: ChildProcess[] = []
beforeAll(async () => {
  tree = await jobTree()
  queue = join(tree.folder, 'queue.sqlite')
  service = await startService(tree, queue)
})
afterAll(async () => {
  for (const peer of peers) peer.kill('SIGKILL')
  service.child.kill('SIGTERM')
  await service.ended
  tree.remove()
})

function peer(...args: readonly string[]) {
  const child = spawn(PYTHON, [PEER, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  peers.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () =>
    JSON.parse((await lines.next()).value ?? '"the peer has ended"') as Record<string, unknown>
  return { child, next }
}

/** Sends messages one after the other; gives the answers. */
async function answers(
  ...messages: readonly (string | Uint8Array | readonly string[])[]
): Promise<unknown[]> {
  const { child, next } = peer('talk', service.endpoint)
  const found: unknown[] = []
  for (const message of messages) {
    const frames = Array.isArray(message) ? message : [message]
    child.stdin.write(`${JSON.stringify(frames.map(frame => Buffer.from(frame).toString('base64')))}\n`)
    found.push(await next())
  }
  child.stdin.end()
  return found
}

const correct = (fields: object = {}) => JSON.stringify({ request: 'correct', ...RUN_OF_TREE, ...fields })

describe('a Python client', () => {
  it('has a run corrected, follows it without asking, and is told of repetitions', async () => {
    const { next } = peer('listen', service.publishes, '1')
    expect(await next()).toBe('listening')
    // Whoever subscribes has told the publisher by the time that a request is answered and looked at.
    const list = `['correct', '42', 'sase1', 'SPB', '202601', '900900', '1', 1]`
    expect(await answers(list, list, correct({ quality: 'good' }))).toEqual([
      { status: 'accepted', id: 1, state: 'queued' },
      expect.objectContaining({ status: 'duplicate', id: 1 }),
      expect.objectContaining({ status: 'duplicate', id: 1 }),
    ])
    const states: unknown[] = []
    for (let event = await next(); ; event = await next()) {
      expect(event).toMatchObject({ ...RUN_OF_TREE, id: 1, rid: '42', quality: 'good' })
      states.push(event['state'])
      if (event['state'] === 'done') {
        expect(event['event']).toBe('run_corrections_complete')
        break
      }
    }
    expect(states.slice(-5)).toEqual(['planning', 'planned', 'running', 'summarising', 'done'])
    expect(completionIn(join(tree.proposal, 'proc', 'r0001'))?.event).toBe('run_corrections_complete')
    expect(await answers(`['query-rid', '42']`, '{"request":"query","id":1}')).toEqual([
      { status: 'known', id: 1, state: 'done' },
      { status: 'known', id: 1, state: 'done' },
    ])
  })

  it('that sends nonsense, too much or too many frames is told so, and harms nobody', async () => {
    const hostile = [
      '',
      '{',
      '[]',
      new Uint8Array([0xff, 0, 0xfe]),
      `['correct', __import__('os').system('touch /tmp/x')]`,
      '['.repeat(5000),
      correct({ instrument: '../../..' }),
      correct({ detector: '$(reboot)' }),
      correct({ __proto__: { quality: 'good' }, constructor: 1 }),
      'x'.repeat(100_000),
      [correct(), correct()],
    ]
    const found = await answers(...hostile)
    for (const [i, answer] of found.entries())
      expect([hostile[i]?.slice(0, 40), answer]).toEqual([
        expect.anything(),
        { status: 'rejected', reason: expect.any(String) },
      ])
    // Above a megabyte the transport ends the connection; the client's next one is as good as any.
    expect(await answers('x'.repeat(2 ** 21), '{"request":"query","id":1}')).toEqual([
      null,
      { status: 'known', id: 1, state: 'done' },
    ])
  })

  it(`is one of ${CLIENTS} that ask for ${CLIENTS * RUNS} runs at once, each of which is accepted once`, async () => {
    const many = await promisify(execFile)(PYTHON, [
      PEER,
      'many',
      service.endpoint,
      String(CLIENTS),
      String(RUNS),
    ])
    const { answers: counts, seconds } = JSON.parse(many.stdout)
    expect(counts).toEqual({ accepted: CLIENTS * RUNS, duplicate: CLIENTS * RUNS })
    const start = performance.now()
    const status = detcal('jobs', 'status', '--queue', queue, '--json', '--limit', '2000')
    const took = performance.now() - start
    const { requests } = JSON.parse(status.stdout) as { requests: { state: string }[] }
    expect(requests).toHaveLength(CLIENTS * RUNS + 1)
    expect(requests.filter(({ state }) => state === 'done')).toHaveLength(1)
    console.log(
      `${2 * CLIENTS * RUNS} answers in ${seconds.toFixed(2)} s; jobs status took ${took.toFixed(0)} ms`,
    )
    // Answers go on while a thousand runs wait.
    expect(await answers('{"request":"query","id":1}')).toEqual([{ status: 'known', id: 1, state: 'done' }])
  })
})
