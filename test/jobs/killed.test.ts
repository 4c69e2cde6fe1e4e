import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  completionIn,
  filesIn,
  type JobTree,
  jobTree,
  mark,
  startService,
  statusIn,
  until,
} from '../helpers/job-tree.js'

// The service or one of its jobs is killed at one moment: before or after something it makes durable. Whatever the moment,
// the files are those of a correction that nobody interrupted, each part was corrected once, and nothing else is left.
// `npm run soak:jobs` has more moments than are tried here; DETCAL_SEED chooses others.

const MOMENTS = Number(process.env['DETCAL_KILLS'] ?? 6)
const SEED = Number(process.env['DETCAL_SEED'] ?? 1)
const PRELOAD = `--import=${pathToFileURL(join(import.meta.dirname, '../helpers/killed-at.mjs')).href}`
const JOBS = ['correct-00', 'correct-01', 'plan', 'summary']

let tree: JobTree
let trials = 0
/** How many moments each process has in a run without a kill. */
let counts: Map<string, number>

beforeAll(async () => {
  tree = await jobTree()
  const path = join(tree.folder, 'counts')
  await trial({ DETCAL_KILL_COUNTS: path })
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  counts = new Map(lines.map(line => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]))
})
afterAll(() => tree.remove())

/** Takes a run through a service, which is started again if it is killed, and holds the result against the expected one. */
async function trial(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly starts: number; readonly attempts: number }> {
  const queue = join(tree.folder, `queue-${trials++}.sqlite`)
  const [raw, proc] = ['raw', 'proc'].map(kind => join(tree.proposal, kind, 'r0001')) as [string, string]
  rmSync(proc, { recursive: true, force: true })
  mark(raw, 'good')
  let starts = 0
  const isDone = () => existsSync(queue) && statusIn(queue).requests[0]?.state === 'done'
  for (; starts < 3 && !isDone(); starts++) {
    const service = await startService(tree, queue, ['--watch', '--max-jobs', '2', '--at-a-time', '2'], {
      NODE_OPTIONS: PRELOAD,
      ...env,
    })
    await until(
      () => service.child.exitCode !== null || service.child.signalCode !== null || isDone(),
      () => {
        service.child.kill('SIGKILL')
        return `${service.log()} ${JSON.stringify(statusIn(queue))}`
      },
    )
    service.child.kill('SIGTERM')
    await service.ended
  }
  const [request] = statusIn(queue).requests
  expect(request).toMatchObject({ id: 1, state: 'done', reason: '' })
  expect(request?.jobs.map(({ name, state }) => [name, state])).toEqual(JOBS.map(name => [name, 'done']))
  expect(await filesIn(proc)).toEqual(tree.expected)
  const others = readdirSync(proc).filter(name => !name.endsWith('.h5'))
  const reports = ['quality_SPB_DET_AGIPD1M-1.html', 'quality_SPB_DET_AGIPD1M-1.json']
  expect(others.sort()).toEqual([
    'calibration_metadata_SPB_DET_AGIPD1M-1.yml',
    'corrections_complete.json',
    ...reports,
  ])
  expect(completionIn(proc)?.detectors['SPB_DET_AGIPD1M-1']).toMatchObject({
    status: 'corrected',
    frames: 16,
    problems: [],
  })
  // Each job came to one result: none was done twice.
  const results = readdirSync(join(`${queue}.jobs`, '1')).filter(name => /\.\d+\.json$/.test(name))
  expect(results.map(name => name.replace(/\.\d+\.json$/, '')).sort()).toEqual(JOBS)
  const attempts = request?.jobs.reduce((sum, { attempt }) => sum + attempt, 0) ?? 0
  return { starts, attempts }
}

/** Moments of all processes by turns, drawn by the seed. */
function drawn(): string[] {
  let state = SEED
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const left = [...counts].map(([role, count]) => ({
    role,
    at: Array.from({ length: count }, (_, i) => i + 1),
  }))
  const moments: string[] = []
  for (let turn = 0; moments.length < MOMENTS && left.some(({ at }) => at.length > 0); turn++) {
    const { role = '', at = [] } = left[turn % left.length] ?? {}
    const [moment] = at.splice(random(at.length), 1)
    if (moment !== undefined) moments.push(`${role}:${moment}`)
  }
  return moments
}

describe(`killed, seed ${SEED}`, () => {
  it('has moments in every process', () => {
    expect([...counts.keys()].sort()).toEqual([...JOBS, 'serve'].sort())
    expect(Math.min(...counts.values())).toBeGreaterThan(8)
  })

  it(
    `at ${MOMENTS} moments it ends in the complete result, nothing lost and nothing twice`,
    async () => {
      for (const moment of drawn()) {
        const killed = join(tree.folder, `killed-${trials}`)
        const { starts, attempts } = await trial({ DETCAL_KILL: moment, DETCAL_KILL_MARK: killed }).catch(
          error => {
            throw new Error(`killed at ${moment}, seed ${SEED}: ${error.message}`, { cause: error })
          },
        )
        // A moment late in a service may not come, since its looks depend on time.
        const wasKilled = existsSync(killed)
        if (!moment.startsWith('serve')) expect([moment, wasKilled]).toEqual([moment, true])
        const isService = moment.startsWith('serve') && wasKilled
        expect([moment, starts]).toEqual([moment, isService ? expect.toSatisfy(n => n <= 2) : 1])
        expect([moment, attempts]).toEqual([
          moment,
          expect.toSatisfy(n => n <= JOBS.length + (wasKilled ? 2 : 0)),
        ])
        console.log(
          `killed at ${moment}: ${wasKilled ? 'yes' : 'not reached'}, ${starts} starts, ${attempts} attempts`,
        )
      }
    },
    60_000 * MOMENTS,
  )
})
