import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LOCK_NAME, lockFolder } from '../../src/files/lock.js'
import { OutputFolder } from '../../src/files/output-folder.js'
import { BusyError, OutputError } from '../../src/model/errors.js'
import { scratch } from '../helpers/exdf.js'

// A lock of another node, whose processes this host cannot see: Slurm tells. Its commands are stood in for here; the real ones
// are in test/system/slurm.test.ts.

afterEach(() => vi.unstubAllEnvs())

const HOLDER = { pid: 4242, host: 'another-node', started: '7' }
const START = { cluster: 'here', job: '17', restarts: 0 }

/** A folder with a lock of another node, and a Slurm that answers so. */
function locked({ slurm, squeue }: { readonly slurm?: object; readonly squeue: string }): string {
  const folder = scratch()
  const path = join(folder, 'out')
  mkdirSync(path)
  writeFileSync(join(path, LOCK_NAME), JSON.stringify({ ...HOLDER, ...(slurm && { slurm }) }))
  for (const [name, script] of [
    ['squeue', `echo "$@" > ${folder}/asked; ${squeue}`],
    ['scontrol', 'echo "ClusterName             = here"'],
  ] as const) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
  for (const name of ['SLURM_JOB_ID', 'SLURM_CLUSTER_NAME', 'SLURM_RESTART_COUNT'])
    vi.stubEnv(name, undefined)
  return path
}

describe('a lock of a Slurm job on another node', () => {
  it.each([
    ['has ended', 'echo "17|COMPLETED"'],
    ['was requeued, and waits', 'echo "17|PENDING"'],
    ['is not known any more', 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1'],
    // That of an array's last task is the array's: the others are listed too.
    ['has ended, though tasks of its array run', 'printf "18|RUNNING\\n17|FAILED\\n"'],
  ])('is removed when the job %s, with the parts of its process', (_, squeue) => {
    const path = locked({ slurm: START, squeue })
    const lock = lockFolder(path)
    expect(lock.swept).toEqual([expect.objectContaining({ pid: 4242, host: 'another-node' })])
    expect(readFileSync(join(path, '../asked'), 'utf8')).toContain('--jobs=17')
    lock.release()
    expect(readdirSync(path)).toEqual([])
  })

  it.each([
    ['runs', START, 'echo "17|RUNNING"'],
    ['comes to its end', START, 'echo "17|COMPLETING"'],
    ['cannot be asked for', START, 'echo "Unable to contact slurm controller" >&2; exit 1'],
    ['is of another cluster', { ...START, cluster: 'there' }, 'echo "17|COMPLETED"'],
    ['has an id that is none', { ...START, job: '17;reboot' }, 'echo "17|COMPLETED"'],
    ['is none', undefined, 'echo "17|COMPLETED"'],
  ])('stands when the job %s', (_, slurm, squeue) => {
    const path = locked({ ...(slurm && { slurm }), squeue })
    expect(() => lockFolder(path)).toThrow(BusyError)
    expect(readdirSync(path)).toEqual([LOCK_NAME])
  })

  it.each([
    ['0', true],
    ['1', false],
  ])('is its own that was requeued, if it was started before (restart %s of 1)', (restarts, isEarlier) => {
    const path = locked({ slurm: { ...START, restarts: Number(restarts) }, squeue: 'exit 1' })
    vi.stubEnv('SLURM_JOB_ID', '17')
    vi.stubEnv('SLURM_CLUSTER_NAME', 'here')
    vi.stubEnv('SLURM_RESTART_COUNT', '1')
    if (!isEarlier) {
      expect(() => lockFolder(path)).toThrow(BusyError)
      return
    }
    const lock = lockFolder(path)
    expect(JSON.parse(readFileSync(join(path, LOCK_NAME), 'utf8'))).toMatchObject({
      pid: process.pid,
      slurm: { ...START, restarts: 1 },
    })
    lock.release()
  })
})

it('who was taken for dead, and lives, publishes nothing any more, and leaves the lock of the other', async () => {
  const path = join(scratch(), 'out')
  const folder = OutputFolder.open(path, { overwrite: true, sync: true })
  const [part, final] = [folder.part(join(path, 'a.h5')), join(path, 'a.h5')]
  writeFileSync(part, 'x')
  const other = JSON.stringify({ ...HOLDER, slurm: START })
  writeFileSync(join(path, LOCK_NAME), other)
  const { openSync } = await import('node:fs')
  await expect(folder.publish(part, final, openSync(part, 'r'))).rejects.toThrow(OutputError)
  folder.close()
  expect(readdirSync(path)).toEqual([LOCK_NAME])
  expect(readFileSync(join(path, LOCK_NAME), 'utf8')).toBe(other)
})
