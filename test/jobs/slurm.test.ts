import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepRequestsIn, requestFolders } from '../../src/jobs/job-files.js'
import type { JobStart } from '../../src/jobs/run-job.js'
import { checkSlurm } from '../../src/jobs/slurm/check.js'
import { type SlurmCommands, slurmCommands, slurmEnvironment } from '../../src/jobs/slurm/commands.js'
import { parseSlurmName, slurmName } from '../../src/jobs/slurm/job-name.js'
import { isSlurmEnd, parseListing, parseSubmitted, slurmText } from '../../src/jobs/slurm/listing.js'
import { resourceArguments, slurmOptions } from '../../src/jobs/slurm/options.js'
import { queueTag } from '../../src/jobs/slurm/queue-tag.js'
import { SlurmLauncher } from '../../src/jobs/slurm/slurm-launcher.js'
import { commandOf, submitArguments } from '../../src/jobs/slurm/submission.js'
import { BusyError, type DetcalError, UsageError } from '../../src/model/errors.js'
import { scratch } from '../helpers/exdf.js'

const QUEUE = '0a1b2c3d'
const NAME = fc.record({
  queue: fc.constant(QUEUE),
  request: fc.nat(),
  kind: fc.constantFrom('plan', 'correct', 'summary'),
  attempt: fc.nat({ max: 1e6 }),
} as const)

describe("squeue's list", () => {
  it('is read as it was written, in any order, among whatever others are called', () => {
    const hostile = fc
      .string({ unit: 'binary' })
      .filter(text => !text.includes(`detcal-${QUEUE}`))
      .map(text => `77|${text}|RUNNING|one|None`)
    const ours = fc.tuple(NAME, fc.nat(), fc.nat({ max: 1000 }), fc.constantFrom('RUNNING', 'PENDING'))
    fc.assert(
      fc.property(fc.array(fc.oneof(hostile, ours)), lines => {
        const text = lines
          .map(line => {
            if (typeof line === 'string') return line
            const [name, job, task, state] = line
            return `${job}${name.kind === 'correct' ? `_${task}` : ''}|${slurmName(name)}|${state}|n1|(a|b)`
          })
          .join('\n')
        const expected = lines.flatMap(line => {
          if (typeof line === 'string') return []
          const [name, job, task, state] = line
          const place = name.kind === 'correct' ? { id: `${job}_${task}`, task } : { id: `${job}` }
          return [{ ...name, ...place, state, node: 'n1', reason: '(a|b)' }]
        })
        expect(parseListing(text, QUEUE)).toEqual(expected)
      }),
    )
  })

  it('never names what a stranger wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
        for (const task of parseListing(text, QUEUE)) expect(task.id).toMatch(/^\d+(_\d+)?$/)
        expect(parseSubmitted(text)?.replace(/\d/g, '') ?? '').toBe('')
        const name = parseSlurmName(text)
        if (name !== undefined) expect(slurmName(name)).toBe(text)
      }),
    )
  })

  it('is of one queue alone, and a state that is not known goes on', () => {
    expect(parseListing('1|detcal-ffffffff-1-plan-1|RUNNING|one|None', QUEUE)).toEqual([])
    expect(parseListing(`1|detcal-${QUEUE}-1-correct-1|RUNNING|one|None`, QUEUE)).toEqual([])
    expect(['COMPLETED', 'CANCELLED', 'TIMEOUT', 'REQUEUED', 'NEWLY_INVENTED'].map(isSlurmEnd)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  it('says what to do', () => {
    const of = (rest: string) =>
      slurmText(parseListing(`7|detcal-${QUEUE}-1-plan-1|${rest}`, QUEUE)[0] as never)
    expect(of('RUNNING|n1|None')).toBe('Slurm job 7 RUNNING on n1')
    expect(of('PENDING||Priority')).toBe('Slurm job 7 PENDING (Priority)')
    expect(of('PENDING||launch failed requeued held')).toContain('scontrol release 7')
    expect(of('OUT_OF_MEMORY|n1|OutOfMemory')).toContain('raise `memory`')
  })

  it('sbatch tells an id, with or without a cluster', () => {
    expect(['12\n', '12;here\n', 'hello\n12\n'].map(parseSubmitted)).toEqual(['12', '12', '12'])
    expect(['', '12 13', '-1', '12;a;b', 'Submitted batch job 12'].map(parseSubmitted)).toEqual(
      Array(5).fill(undefined),
    )
  })
})

const part = (task: number, attempt = 1): JobStart => ({
  folder: '/shared/q 100%.jobs/12',
  name: `correct-${String(task).padStart(2, '0')}`,
  attempt,
})

describe('a submission', () => {
  const slurm = slurmOptions({ partition: 'upex', memory: '1.5GiB', exclusive: true, time: '04:00:00' })
  const submission = { slurm, command: ['/opt/node', '/opt/detcal'], tag: QUEUE, priority: 3 }

  it('is an argument list, of parts one array', () => {
    const args = submitArguments([part(0), part(3)], { ...submission, after: ['5_1', '6'] })
    expect(args).toEqual([
      ...['--parsable', '--requeue', '--open-mode=append', '--export=ALL', '--input=none'],
      `--job-name=detcal-${QUEUE}-12-correct-1`,
      '--chdir=/shared/q 100%.jobs/12',
      '--output=/shared/q 100%%.jobs/12/correct-%2a.log',
      ...['--array=0,3', '--dependency=afterok:5_1:6', '--kill-on-invalid-dep=yes'],
      ...['--nodes=1', '--ntasks=1', '--partition=upex', '--time=04:00:00', '--exclusive'],
      ...['--mem=1536M', '--nice=1003'],
    ])
    expect(commandOf([part(0)], submission)).toEqual([
      ...['/opt/node', '/opt/detcal', 'jobs', 'run', '--attempt', '1', '/shared/q 100%.jobs/12'],
    ])
    const plan = { ...part(0), name: 'plan' }
    expect(commandOf([plan], submission).at(-1)).toBe('plan')
    expect(() => commandOf([{ ...plan, folder: '/a\nb/1' }], submission)).toThrow(UsageError)
  })

  it('asks for one core unless told otherwise', () => {
    expect(resourceArguments(slurmOptions(), 0)).toEqual([
      ...['--nodes=1', '--ntasks=1', '--cpus-per-task=1', '--nice=1000'],
    ])
  })

  it('has options that are checked', () => {
    for (const wrong of [
      { partitions: 'upex' },
      { partition: '--wrap=reboot' },
      { partition: 'a\nb' },
      { time: 'soon' },
      { memory: 'much' },
      { nice: 0.5 },
      { command: [] },
      'upex',
    ])
      expect(() => slurmOptions(wrong)).toThrow(UsageError)
  })

  it('is told neither options nor a job by the environment', () => {
    const env = {
      PATH: '/bin',
      SLURM_CONF: '/c',
      SLURM_JOB_ID: '1',
      SBATCH_PARTITION: 'x',
      SQUEUE_FORMAT: '%i',
    }
    expect(slurmEnvironment(env)).toEqual({ PATH: '/bin', SLURM_CONF: '/c' })
  })
})

describe('commands of Slurm', () => {
  const commands = slurmCommands(1)

  it('that are not there, take too long or refuse are named, with the next step', async () => {
    await expect(commands.run('no-such-sbatch', [])).rejects.toThrow(/there is no no-such-sbatch/)
    await expect(commands.run('sleep', ['30'])).rejects.toThrow(/sleep took more than 1 s/)
    const said = async (text: string) =>
      commands
        .run('sh', ['-c', 'echo "sbatch: error: $0" >&2; exit 1', text])
        .catch((error: DetcalError) => error)
    expect(await said('invalid partition specified: foo')).toMatchObject({
      message: 'sh: invalid partition specified: foo',
      hint: expect.stringContaining('sinfo'),
    })
    expect(await said('Unable to contact slurm controller (connect failure)')).toBeInstanceOf(BusyError)
    expect(await said('Batch job submission failed: Socket timed out on send/recv operation')).toBeInstanceOf(
      BusyError,
    )
    expect(await said('Requested time limit is invalid (missing or exceeds some limit)')).toBeInstanceOf(
      UsageError,
    )
  })

  it('get what they are given', async () => {
    const script = { text: 'hello', variables: { DETCAL_JOB: 'a\nb' } }
    expect(await commands.run('sh', ['-c', 'cat; printf %s "$DETCAL_JOB"'], script)).toBe('helloa\nb')
  })
})

/** A Slurm that is a list of lines. */
class FakeSlurm implements SlurmCommands {
  readonly lines: string[] = []
  readonly asked: string[][] = []
  fails: DetcalError | undefined
  /** Whether what fails comes to Slurm all the same. */
  isAccepted = true

  async run(program: string, args: readonly string[]): Promise<string> {
    this.asked.push([program, ...args])
    if (program === 'sbatch' && this.isAccepted) {
      const name = args.find(arg => arg.startsWith('--job-name='))?.slice(11) ?? ''
      const tasks = args.find(arg => arg.startsWith('--array='))?.slice(8)
      const id = 100 + this.asked.length
      for (const task of tasks?.split(',') ?? [undefined])
        this.lines.push(`${id}${task === undefined ? '' : `_${task}`}|${name}|PENDING||None`)
      if (this.fails === undefined) return `${id}\n`
    }
    if (this.fails !== undefined) throw this.fails
    return program === 'squeue' ? this.lines.join('\n') : ''
  }

  count(program: string): number {
    return this.asked.filter(([name]) => name === program).length
  }

  set(state: string): void {
    for (const [i, line] of this.lines.entries()) this.lines[i] = line.replace(/\|[A-Z_]+\|/, `|${state}|`)
  }
}

async function launched(slurm = new FakeSlurm()) {
  const folder = join(scratch(), '1')
  mkdirSync(folder, { recursive: true })
  const troubles: string[] = []
  const options = {
    slurm: slurmOptions({ poll: 0.1, timeout: 1 }),
    command: ['detcal'],
    tag: QUEUE,
    onListed: () => {},
    onTrouble: ({ line }: DetcalError) => void troubles.push(line),
  }
  const launcher = new SlurmLauncher(options, slurm)
  /** Has the list renewed. */
  const listed = async () => {
    const before = slurm.count('squeue')
    while (slurm.count('squeue') === before) {
      launcher.look()
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    await launcher.close()
  }
  const jobs = [0, 1].map(task => ({ ...part(task), folder }))
  const summary = { folder, name: 'summary', attempt: 1 }
  return { slurm, launcher, listed, jobs, summary, troubles, folder }
}

describe('a launcher', () => {
  it('has no room until Slurm has told of its jobs, and none while it does not', async () => {
    const { slurm, launcher, listed, troubles } = await launched()
    expect(launcher.slots).toBe(0)
    await listed()
    expect(launcher.slots).toBe(200)
    slurm.fails = new BusyError('Slurm is away')
    await listed()
    await listed()
    expect([launcher.slots, troubles]).toEqual([0, ['Slurm is away']])
    slurm.fails = undefined
    await listed()
    expect(launcher.slots).toBe(200)
  })

  it('submits parts as one array, the summary behind it, and knows them again', async () => {
    const { slurm, launcher, listed, jobs, summary } = await launched()
    await listed()
    await launcher.start(jobs, { priority: 0, summary })
    const [array, after] = slurm.asked.filter(([program]) => program === 'sbatch')
    expect(array).toContain('--array=0,1')
    expect(after?.find(arg => arg.startsWith('--dependency'))).toMatch(/^--dependency=afterok:\d+$/)
    // Not before a list that could have them.
    expect(launcher.isRunning(jobs[0] as JobStart)).toBeUndefined()
    await listed()
    expect([...jobs, summary].map(job => launcher.isRunning(job))).toEqual([true, true, true])
    // Those of a service that was killed are found by the next, which does not submit them again.
    const next = await launched(slurm)
    await next.listed()
    await next.launcher.start(jobs, { priority: 0, summary })
    expect(slurm.count('sbatch')).toBe(2)
  })

  it('finds what came to Slurm though sbatch failed, and tells what did not', async () => {
    for (const isAccepted of [true, false]) {
      const { slurm, launcher, listed, jobs } = await launched()
      await listed()
      Object.assign(slurm, { fails: new BusyError('timed out'), isAccepted })
      await expect(launcher.start(jobs, { priority: 0 })).rejects.toThrow('timed out')
      slurm.fails = undefined
      expect(launcher.isRunning(jobs[0] as JobStart)).toBeUndefined()
      await listed()
      expect(launcher.isRunning(jobs[0] as JobStart)).toBe(isAccepted)
    }
  })

  it('believes files, whatever Slurm says', async () => {
    const { launcher, listed, jobs, folder } = await launched()
    await listed()
    await launcher.start(jobs, { priority: 0 })
    await listed()
    writeFileSync(join(folder, 'correct-00.1.json'), '{"value": {}}')
    expect(jobs.map(job => launcher.isRunning(job))).toEqual([false, true])
  })

  it('waits for a command that a service before it may have left, before it takes a job for lost', async () => {
    const { launcher, listed, jobs } = await launched()
    await listed()
    expect(launcher.isRunning(jobs[0] as JobStart)).toBeUndefined()
    await new Promise(resolve => setTimeout(resolve, 1100))
    await listed()
    expect(launcher.isRunning(jobs[0] as JobStart)).toBe(false)
  })

  it('cancels until it is so, and tells what somebody else has cancelled', async () => {
    const { slurm, launcher, listed, jobs } = await launched()
    await listed()
    await launcher.start(jobs, { priority: 0 })
    await listed()
    launcher.stop(jobs[0] as JobStart)
    await listed()
    await listed()
    const cancelled = slurm.asked.filter(([program]) => program === 'scancel')
    expect(cancelled).toEqual(Array(2).fill(['scancel', expect.stringMatching(/^\d+_0$/)]))
    slurm.set('CANCELLED')
    await listed()
    await listed()
    expect(slurm.count('scancel')).toBe(2)
    expect(launcher.tidings(jobs[1] as JobStart)).toMatchObject({ isCalledOff: true })
  })
})

it('requests are kept in a folder that others share, and in none but that', () => {
  const folder = scratch()
  const [one, other, shared] = ['q.sqlite', 'r.sqlite', 'shared'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  keepRequestsIn(shared, one)
  const place = requestFolders(one)
  expect(dirname(place)).toBe(realpathSync(shared))
  keepRequestsIn(shared, one)
  expect(requestFolders(one)).toBe(place)
  keepRequestsIn(shared, other)
  expect(requestFolders(other)).not.toBe(place)
  expect(() => keepRequestsIn(join(folder, 'elsewhere'), one)).toThrow(UsageError)
  // What was lost with its disk is begun anew.
  rmSync(place, { recursive: true })
  keepRequestsIn(shared, one)
  expect(existsSync(requestFolders(one))).toBe(true)
})

it('a queue keeps its tag', () => {
  const folder = join(scratch(), 'q.jobs')
  const tag = queueTag(folder)
  expect([tag, queueTag(folder)]).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), tag])
  writeFileSync(join(folder, 'slurm-tag'), '')
  expect(queueTag(folder)).toMatch(/^[0-9a-f]{8}$/)
})

it('a service is told at its start what Slurm would refuse, and waits for one that is away', async () => {
  const slurm = new FakeSlurm()
  slurm.fails = new UsageError('no such partition')
  await expect(checkSlurm(slurmOptions(), () => {}, slurm)).rejects.toThrow('no such partition')
  slurm.fails = new BusyError('away')
  const troubles: string[] = []
  await checkSlurm(slurmOptions(), ({ line }) => troubles.push(line), slurm)
  expect(troubles).toEqual(['away'])
})
