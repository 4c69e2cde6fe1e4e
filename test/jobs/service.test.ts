import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { curveKeyPair, Request } from 'zeromq'
import type { RequestStatus } from '../../src/jobs/job-status.js'
import { detcal } from '../helpers/command.js'
import {
  completionIn,
  filesIn,
  type JobTree,
  jobTree,
  mark,
  type StartedService,
  startService,
  statusIn,
  until,
} from '../helpers/job-tree.js'

let tree: JobTree
let raw: string
let proc: string
let queue: string
let service: StartedService | undefined
let count = 0
beforeAll(async () => {
  tree = await jobTree()
  raw = join(tree.proposal, 'raw')
  proc = join(tree.proposal, 'proc')
})
afterAll(() => tree.remove())
afterEach(async () => {
  service?.child.kill('SIGTERM')
  await service?.ended
  service = undefined
})

async function serve(...options: readonly string[]): Promise<StartedService> {
  queue = join(tree.folder, `queue-${count++}.sqlite`)
  rmSync(proc, { recursive: true, force: true })
  service = await startService(tree, queue, options)
  return service
}

function submit(...options: readonly string[]) {
  const number = options.includes('--run') ? [] : ['--run', '1']
  const run = ['--instrument', 'SPB', '--cycle', '202601', '--proposal', '900900', ...number]
  const { stdout, stderr } = detcal('jobs', 'submit', '--queue', queue, '--json', ...run, ...options)
  return JSON.parse(stdout || `{"stderr": ${JSON.stringify(stderr)}}`) as {
    status: string
    id: number
    reason?: string
  }
}

async function reached(state: string, id = 1): Promise<RequestStatus> {
  const find = () => statusIn(queue).requests.find(request => request.id === id)
  const says = () => JSON.stringify(find())
  await until(
    () => find()?.state === state,
    () => `${state}: ${says()} ${service?.log()}`,
  )
  return find() as RequestStatus
}

describe('a service', () => {
  it('excludes another on its queue, and what a dead one left does not', async () => {
    const first = await serve()
    const second = await startService(tree, queue)
    expect(await second.ended).toBe(1)
    expect(second.log()).toContain('another service has this queue')
    first.child.kill('SIGKILL')
    await first.ended
    service = await startService(tree, queue)
    expect(service.endpoint).not.toBe('')
    service.child.kill('SIGTERM')
    expect(await service.ended).toBe(0)
    expect(readdirSync(tree.folder).filter(name => name.endsWith('.lock'))).toEqual([])
  })

  it('waits for a quality, for the run and for its files, and tells which', async () => {
    renameSync(join(raw, 'r0001'), join(tree.folder, 'later'))
    await serve()
    submit()
    await reached('waiting-for-quality')
    submit('--quality', 'unclear')
    expect((await reached('waiting-for-migration')).reason).toContain('is not there')
    mkdirSync(join(raw, 'r0001'))
    expect((await reached('waiting-for-files')).reason).toContain('has no data files')
    cpSync(join(tree.folder, 'later'), join(raw, 'r0001'), { recursive: true })
    await reached('done')
    expect(await filesIn(join(proc, 'r0001'))).toEqual(tree.expected)
  })

  it('gives up a run that does not come', async () => {
    await serve('--wait-limit', '0.3')
    submit('--run', '7', '--quality', 'good')
    expect((await reached('failed')).reason).toMatch(/r0007 is not there, after/)
  })

  it('corrects again only on request: until then files are kept, and then the run is not complete meanwhile', async () => {
    mark(join(raw, 'r0001'), 'good')
    await serve('--watch', '--checksums')
    await reached('done')
    const before = completionIn(join(proc, 'r0001'))
    expect(before?.detectors['SPB_DET_AGIPD1M-1']?.files[0]?.sha256).toMatch(/^[0-9a-f]{64}$/)
    const { report = '', verdict } = before?.detectors['SPB_DET_AGIPD1M-1'] ?? {}
    expect(verdict).toMatch(/^All 2 modules are corrected/)
    expect(readFileSync(join(proc, 'r0001', report), 'utf8')).toContain(verdict)
    const data = readFileSync(join(proc, 'r0001', report.replace('.html', '.json')), 'utf8')
    expect(JSON.parse(data)).toMatchObject({ verdict, modules: [{ module: 0 }, { module: 3 }] })
    expect(submit('--quality', 'good')).toMatchObject({ status: 'duplicate', id: 1 })
    expect(submit('--recorrect')).toMatchObject({ status: 'accepted', id: 2 })
    await reached('running', 2)
    expect(completionIn(join(proc, 'r0001'))).toBeUndefined()
    await reached('done', 2)
    expect(completionIn(join(proc, 'r0001'))?.detectors['SPB_DET_AGIPD1M-1']?.request).toBe(2)
    expect(await filesIn(join(proc, 'r0001'))).toEqual(tree.expected)
  })

  it('leaves files that others made, and says what to do', async () => {
    await serve()
    const out = join(proc, 'r0001')
    expect(detcal('correct', join(raw, 'r0001'), '--out', out, '--catalogue', tree.catalogue).status).toBe(0)
    submit('--quality', 'good')
    expect((await reached('failed')).reason).toMatch(/exists already/)
    expect(completionIn(out)).toBeUndefined()
  })

  it('stops what is cancelled, or becomes bad, and goes on when it is good after all', async () => {
    await serve('--max-jobs', '2')
    submit('--quality', 'good')
    await reached('running')
    expect(detcal('jobs', 'cancel', '1', '--queue', queue).stdout).toBe('request 1 is cancelled\n')
    await until(
      () => statusIn(queue).requests[0]?.jobs.every(({ state }) => state !== 'running') ?? false,
      () => 'stopped',
    )
    expect(submit('--quality', 'good')).toMatchObject({ status: 'accepted', id: 2 })
    await reached('running', 2)
    expect(submit('--quality', 'bad')).toMatchObject({ status: 'recorded', id: 2 })
    expect(submit('--quality', 'good')).toMatchObject({ status: 'accepted', id: 3 })
    await reached('done', 3)
    expect(await filesIn(join(proc, 'r0001'))).toEqual(tree.expected)
    expect(readdirSync(join(proc, 'r0001')).filter(name => /part|lock/.test(name))).toEqual([])
  })

  it('that is stopped stops its jobs, and the next goes on where it was', async () => {
    const first = await serve('--max-jobs', '2')
    submit('--quality', 'good')
    await reached('running')
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(statusIn(queue).requests[0]?.jobs.map(({ state }) => state)).not.toContain('running')
    service = await startService(tree, queue)
    await reached('done')
    expect(await filesIn(join(proc, 'r0001'))).toEqual(tree.expected)
  })

  it('tells of damaged files in the completion file, and fails where nothing can be corrected', async () => {
    cpSync(join(raw, 'r0001'), join(raw, 'r0002'), { recursive: true })
    const damaged = readdirSync(join(raw, 'r0002')).find(name => /AGIPD03-S00001/.test(name)) ?? ''
    truncateSync(join(raw, 'r0002', damaged), 5000)
    mkdirSync(join(raw, 'r0003'))
    writeFileSync(join(raw, 'r0003', 'RAW-R0003-AGIPD00-S00000.h5'), 'no HDF5')
    mark(join(raw, 'r0003'), 'good')
    await serve()
    submit('--run', '2', '--quality', 'good')
    submit('--run', '3', '--quality', 'good')
    expect((await reached('done')).reason).toBe('with 1 problems')
    const detector = completionIn(join(proc, 'r0002'))?.detectors['SPB_DET_AGIPD1M-1']
    expect(detector).toMatchObject({
      status: 'partial',
      frames: 12,
      problems: [expect.stringContaining(damaged)],
    })
    expect(detector?.modules['3']?.status).toBe('partial')
    expect((await reached('failed', 2)).reason).toContain('r0003')
    expect(existsSync(join(proc, 'r0003'))).toBe(false)
  })

  it('is closed to other machines, but for those whose keys it knows', async () => {
    const paths = [
      '--root',
      tree.root,
      '--catalogue',
      tree.catalogue,
      '--queue',
      join(tree.folder, 'closed.sqlite'),
    ]
    const { status, stderr } = detcal('jobs', 'serve', ...paths, '--bind', 'tcp://0.0.0.0:*')
    expect([status, stderr]).toEqual([2, expect.stringContaining('would be open to other machines')])
    const [own, known, stranger] = [curveKeyPair(), curveKeyPair(), curveKeyPair()]
    const file = join(tree.folder, 'keys.yml')
    writeFileSync(file, JSON.stringify({ ...own, clients: [known.publicKey] }), { mode: 0o600 })
    const { endpoint, log } = await serve('--curve-keys', file)
    const ask = async ({ publicKey, secretKey }: typeof own, receiveTimeout: number) => {
      const keys = { curveServerKey: own.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
      const socket = new Request({ ...keys, receiveTimeout, linger: 0 })
      socket.connect(endpoint)
      try {
        await socket.send('{"request":"query","id":1}')
        return JSON.parse(String((await socket.receive())[0])) as unknown
      } finally {
        socket.close()
      }
    }
    expect(await ask(known, 10_000)).toEqual({ status: 'rejected', reason: 'there is no such request' })
    await expect(ask(stranger, 500)).rejects.toThrow()
    await until(() => log().includes(stranger.publicKey), log)
  })
})
