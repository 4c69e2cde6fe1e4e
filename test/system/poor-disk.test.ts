import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeGoldenRun } from '../golden/dark/index.js'
import { detcal, detcalWith, type Ended, failureLines, listing } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, readBack } from '../helpers/correction.js'

// The commands on file systems that lack something, as a preloaded library pretends: they write the same as ever.

const SOURCE = fileURLToPath(new URL('poor-disk.c', import.meta.url))
let place: GoldenPlace
let folder: string
let poorDisk: string
beforeAll(async () => {
  place = await goldenPlace()
  folder = mkdtempSync(join(tmpdir(), 'detcal-poor-'))
  poorDisk = join(folder, 'poor-disk.so')
  execFileSync('gcc', ['-shared', '-fPIC', '-o', poorDisk, SOURCE, '-ldl'])
})
afterAll(() => {
  place.remove()
  rmSync(folder, { recursive: true })
})

const LACKS = ['link', 'rename-over', 'link fsync-folder rename-over shared-memory']
let count = 0
const fresh = (): string => join(folder, `place-${count++}`)

/** Runs a command that succeeds. */
function on(lacks: string, ...args: string[]): Ended {
  const ended = detcalWith({ LD_PRELOAD: poorDisk, POOR: lacks }, ...args)
  expect(failureLines(ended)).toEqual([])
  expect(ended.status).toBe(0)
  return ended
}

/** Names of files and folders below `path`. */
const namesIn = (path: string): string[] => listing(path).map(line => line.split(' ')[0] ?? '')

test('the pretended disk does lack what it is told', () => {
  const lacking = (lacks: string, script: string) =>
    execFileSync(process.execPath, ['-e', `try { ${script} } catch (e) { console.log(e.code) }`], {
      env: { ...process.env, LD_PRELOAD: poorDisk, POOR: lacks },
      encoding: 'utf8',
    }).trim()
  const [a, b] = [JSON.stringify(fresh()), JSON.stringify(fresh())]
  const write = `const fs = require('fs'); fs.writeFileSync(${a}, 'a'); fs.writeFileSync(${b}, 'b');`
  expect(lacking('link', `${write} fs.linkSync(${a}, ${b} + 'c')`)).toBe('EPERM')
  expect(lacking('rename-over', `${write} fs.renameSync(${a}, ${b})`)).toBe('EPERM')
  expect(lacking('fsync-folder', `const fs = require('fs'); fs.fsyncSync(fs.openSync('/tmp'))`)).toBe(
    'EINVAL',
  )
  expect(lacking('', `${write} fs.renameSync(${a}, ${b})`)).toBe('')
})

describe.each(LACKS)('without %s', lacks => {
  test('constants are imported, listed, verified and exported', () => {
    const root = fresh()
    const [first] = place.golden.constants
    if (first === undefined) throw new Error('the golden run has no constants')
    const file = join(place.folder, first.file)
    const whose = ['--detector', place.golden.karaboId, '--module', String(first.module)]
    const begin = ['--begin-at', new Date(first.begin * 1000).toISOString(), '--pdu', first.pdu]
    // Twice: the second time the catalogue is there.
    for (const _ of [1, 2]) on(lacks, 'constants', 'import', file, '--catalogue', root, ...whose, ...begin)
    on(lacks, 'constants', 'verify', '--catalogue', root)
    const list = on(lacks, 'constants', 'list', '--catalogue', root).stdout
    expect(detcal('constants', 'list', '--catalogue', root).stdout).toBe(list)
    const out = fresh()
    on(lacks, 'constants', 'export', '--catalogue', root, '--out', out)
    const exported = namesIn(out)
    on(lacks, 'constants', 'export', '--catalogue', root, '--out', out, '--overwrite')
    expect(namesIn(out)).toEqual(exported)
    const plain = fresh()
    detcal('constants', 'export', '--catalogue', root, '--out', plain)
    expect(listing(out)).toEqual(listing(plain))
  })

  test('a run is corrected, and once more in place of the first result', async () => {
    const [out, plain] = [fresh(), fresh()]
    const input = ['correct', place.golden.path, '--catalogue', place.catalogue]
    const combined = join(folder, `run-${count++}.cxi`)
    on(lacks, ...input, '--out', out, '--combined', combined)
    on(lacks, ...input, '--out', out, '--combined', combined, '--overwrite')
    detcal(...input, '--out', plain)
    expect(namesIn(out)).toEqual(namesIn(plain))
    const name = 'CORR-R0001-AGIPD00-S00000.h5'
    const read = (at: string) => readBack(join(at, name), place.golden.karaboId, 0)
    expect(await read(out)).toEqual(await read(plain))
  })

  test('dark runs become constants and a report', async () => {
    const [root, report] = [fresh(), join(folder, `dark-${count++}.html`)]
    const runs = fresh()
    execFileSync('mkdir', [runs])
    const stages = ['--high', '--medium', '--low']
    const input: string[] = []
    for (const [stage, option] of stages.entries()) input.push(option, await writeGoldenRun(runs, stage))
    for (const _ of [1, 2]) on(lacks, 'dark', ...input, '--catalogue', root, '--report', report)
    expect(on(lacks, 'constants', 'verify', '--catalogue', root).stderr).toBe('')
    expect(readFileSync(report, 'utf8').includes('<h2>Module 3')).toBe(true)
    expect(readdirSync(root).filter(name => name.startsWith('.'))).toEqual([])
  })
})

test('without file locks, the catalogue says what to do', () => {
  const ended = detcalWith(
    { LD_PRELOAD: poorDisk, POOR: 'record-locks' },
    ...[
      'constants',
      'import',
      join(place.folder, place.golden.constants[0]?.file ?? ''),
      '--catalogue',
      fresh(),
    ],
    ...['--detector', place.golden.karaboId, '--module', '0', '--begin-at', '2024-01-01', '--pdu', 'UNIT'],
  )
  expect(ended.status).toBe(1)
  expect(failureLines(ended)).toEqual([
    expect.stringMatching(/catalogue\.sqlite: .* no file locks: keep it on another/),
  ])
})
