import { cpSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detcal, detcalWith, failureLines } from '../helpers/command.js'
import { filesIn, type JobTree, jobTree } from '../helpers/job-tree.js'

// `detcal correct --resume`: what an earlier attempt has finished is kept, the rest is done; another correction is refused.

let tree: JobTree
let run: string
let whole: string
beforeAll(async () => {
  tree = await jobTree()
  run = join(tree.proposal, 'raw', 'r0001')
  whole = join(tree.folder, 'plain')
})
afterAll(() => tree.remove())

const FILES = [0, 3].flatMap(module =>
  [0, 1].map(sequence => `CORR-R0001-AGIPD0${module}-S0000${sequence}.h5`),
)
let count = 0

/** A folder that holds these files of a whole correction, as one that was killed leaves it. */
function attempt(...names: readonly string[]): string {
  const out = join(tree.folder, `out-${count++}`)
  for (const name of names) cpSync(join(whole, name), join(out, name), { preserveTimestamps: true })
  return out
}

function resume(out: string, ...options: readonly string[]) {
  return detcal('correct', run, '--out', out, '--catalogue', tree.catalogue, '--resume', '--json', ...options)
}

const inodes = (out: string) =>
  Object.fromEntries(FILES.map(name => [name, statSync(join(out, name), { throwIfNoEntry: false })?.ino]))

describe('--resume', () => {
  it('keeps what is finished, and makes the rest: the result is that of one correction', async () => {
    const [first = '', , third = ''] = FILES
    const out = attempt(first, third)
    const before = inodes(out)
    const ended = resume(out)
    expect(failureLines(ended)).toEqual([])
    expect(ended.status).toBe(0)
    const { keptFiles, modules } = JSON.parse(ended.stdout) as {
      keptFiles: string[]
      modules: { sequences: { status: string; output: string }[] }[]
    }
    expect(keptFiles).toEqual([first, third].map(name => join(out, name)))
    expect(modules.flatMap(({ sequences }) => sequences.map(({ status }) => status))).toEqual(
      FILES.map(() => 'corrected'),
    )
    expect(await filesIn(out)).toEqual(tree.expected)
    const after = inodes(out)
    for (const name of [first, third]) expect(after[name]).toBe(before[name])
    expect(readdirSync(out).filter(name => name.endsWith('.yml'))).toHaveLength(1)
  })

  it('of a run that is whole keeps all, and of one that was not begun nothing', async () => {
    const done = attempt(...FILES)
    const before = inodes(done)
    expect(resume(done).status).toBe(0)
    expect(inodes(done)).toEqual(before)
    const empty = attempt()
    expect(JSON.parse(resume(empty).stdout)).toMatchObject({ keptFiles: [] })
    expect(await filesIn(empty)).toEqual(tree.expected)
  })

  it.each([
    [['--mg-hard-threshold', '999'], 'other mg-hard-threshold'],
    [['--steps', 'threshold,low-medium-gap,offset,mask'], 'other steps'],
    [['--trains', ':3'], 'other trains'],
  ])('refuses a file that was made with other options: %s', (options, what) => {
    const out = attempt(FILES[1] ?? '')
    const { status, stderr } = resume(out, ...options)
    expect(status).toBe(1)
    expect(stderr).toContain(`${FILES[1]}: is not of this correction: `)
    expect(stderr).toContain(what)
    expect(readdirSync(out)).toEqual([FILES[1]])
  })

  it('replaces it with --overwrite', async () => {
    const out = attempt()
    const other = ['--mg-hard-threshold', '999', '--modules', '0']
    expect(detcal('correct', run, '--out', out, '--catalogue', tree.catalogue, ...other).status).toBe(0)
    rmSync(join(out, 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'))
    const ended = resume(out, '--overwrite')
    expect(JSON.parse(ended.stdout)).toMatchObject({ keptFiles: [] })
    expect(await filesIn(out)).toEqual(tree.expected)
  })

  it('refuses a file whose constants were others, by calibration, or that was made of other raw data', () => {
    const out = attempt(FILES[0] ?? '')
    const catalogue = join(tree.folder, 'other-catalogue')
    const size = ['--modules', '0,3', '--trains', '1', '--cells', '2', '--seed', '5']
    const again = [
      'simulate',
      join(tree.folder, 'elsewhere'),
      '--detector',
      'agipd1m',
      '--catalogue',
      catalogue,
    ]
    expect(failureLines(detcal(...again, '--run', '1', ...size))).toEqual([])
    const others = detcal('correct', run, '--out', out, '--catalogue', catalogue, '--resume')
    expect(others.stderr).toContain('is not of this correction: another Offset')
    const older = new Date(statSync(join(run, 'RAW-R0001-AGIPD00-S00000.h5')).mtimeMs - 5000)
    utimesSync(join(out, FILES[0] ?? ''), older, older)
    expect(resume(out).stderr).toContain('is not of this correction: its RAW file has changed since')
  })

  it('refuses what cannot be read, and a combined file', () => {
    const out = attempt(FILES[0] ?? '')
    writeFileSync(join(out, FILES[2] ?? ''), 'not HDF5')
    expect(resume(out).stderr).toMatch(/AGIPD03-S00000.h5: is not of this correction: it cannot be read/)
    const { status, stderr } = resume(out, '--combined', join(out, 'all.cxi'))
    expect(status).toBe(2)
    expect(stderr).toContain('--resume cannot go on with it')
  })

  it('goes on after a kill', async () => {
    const out = attempt()
    const command = ['correct', run, '--out', out, '--catalogue', tree.catalogue]
    const preload = `--import=data:text/javascript,${encodeURIComponent(KILL_AFTER_FIRST)}`
    const killed = detcalWith({ NODE_OPTIONS: preload }, ...command)
    expect(killed.signal).toBe('SIGKILL')
    const left = readdirSync(out).filter(name => name.endsWith('.h5'))
    expect(left.length).toBeGreaterThan(0)
    expect(left.length).toBeLessThan(FILES.length)
    const { keptFiles } = JSON.parse(resume(out).stdout) as { keptFiles: string[] }
    expect(keptFiles.map(path => path.slice(out.length + 1)).sort()).toEqual(left.sort())
    expect(await filesIn(out)).toEqual(tree.expected)
  })
})

/** Ends the process once a CORR file has got its name. */
const KILL_AFTER_FIRST = `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
for (const name of ['renameSync', 'linkSync']) {
  const real = fs[name]
  fs[name] = (from, to, ...rest) => {
    real(from, to, ...rest)
    if (/CORR-[^/]*h5$/.test(String(to))) process.kill(process.pid, 'SIGKILL')
  }
}
syncBuiltinESMExports()
`
