import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OutputFolder } from '../../src/files/output-folder.js'
import { detcal, type Ended, failureLines, listing } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const run = () => place.golden.path

function correct(out: string, ...options: string[]): Ended {
  return detcal('correct', run(), '--out', out, '--catalogue', place.catalogue, ...options)
}

/** Expects one line, the exit code, and that neither `folder` nor the run has changed. */
function expectRefused(folder: string, status: number, says: RegExp, start: () => Ended) {
  const before = [listing(folder), listing(place.folder)]
  const ended = start()
  const [line = '', ...more] = failureLines(ended)
  expect(more).toEqual([])
  expect(line).toMatch(says)
  expect(ended.stdout).toBe('')
  expect(ended.status).toBe(status)
  expect([listing(folder), listing(place.folder)]).toEqual(before)
}

describe('an output that cannot be', () => {
  test('a file where the folder should be', () => {
    const folder = scratch()
    writeFileSync(join(folder, 'proc'), '')
    expectRefused(folder, 1, /proc: .*Choose a folder, not a file/, () => correct(join(folder, 'proc')))
    expectRefused(folder, 1, /proc\/r1: .*Choose a folder, not a file/, () =>
      correct(join(folder, 'proc', 'r1')),
    )
  })

  // Even root cannot make a folder there.
  test('a folder that nobody can make', () => {
    expectRefused(scratch(), 1, /^detcal: \/proc\/out: .*Choose a folder/, () => correct('/proc/out'))
  })

  test('a folder that another process writes to', () => {
    const folder = scratch()
    const held = OutputFolder.open(join(folder, 'proc'), { overwrite: false, sync: false })
    const says = new RegExp(`proc: process ${process.pid} on \\S+ is writing there\\. Wait for it`)
    expectRefused(folder, 1, says, () => correct(join(folder, 'proc')))
    held.close()
  })

  test('files that are there, unless they are to be replaced', () => {
    const folder = scratch()
    const out = join(folder, 'proc')
    expect(correct(out).status).toBe(0)
    const before = listing(folder)
    const says = /proc\/\S+ exists already \(and \d+ more\)\. Use --overwrite/
    expectRefused(folder, 1, says, () => correct(out))
    expect(correct(out, '--overwrite').status).toBe(0)
    expect(listing(folder)).toEqual(before)
  })

  test('the folder of the RAW files, by any name', () => {
    const folder = scratch()
    symlinkSync(run(), join(folder, 'link'))
    const says = /--out is a folder of RAW files.*Choose another folder/
    for (const out of [run(), join(run(), '..', 'r0001'), join(folder, 'link')])
      expectRefused(folder, 2, says, () => correct(out))
  })

  test('the folder of the RAW files of another run', () => {
    const folder = scratch()
    const [name = ''] = readdirSync(run())
    cpSync(join(run(), name), join(folder, name))
    expectRefused(folder, 2, /--out is a folder of RAW files \(RAW-/, () => correct(folder))
  })
})

describe('a combined file that cannot be', () => {
  const refused = (status: number, combined: (folder: string) => string, says: RegExp) => {
    const folder = scratch()
    mkdirSync(join(folder, 'sub'))
    expectRefused(folder, status, says, () =>
      correct(join(folder, 'proc'), '--combined', combined(folder), '--overwrite'),
    )
  }

  test.each(['run.h5', 'run.H5', '../proc/CORR-R0001-AGIPD00-S00000.h5'])('%s beside CORR files', name => {
    refused(2, folder => join(folder, 'proc', name), /for one of a module\. Name it \S+\.cxi, or choose/)
  })

  test('a RAW file, even if it may be overwritten', () => {
    refused(2, () => join(run(), readdirSync(run())[0] ?? ''), /RAW-\S+: readers of the folder/)
  })

  test('whose name is too long once it is being written', () => {
    const out = join(scratch(), 'proc')
    const combined = join(out, '..', `${'x'.repeat(246)}.cxi`)
    const options = ['--out', out, '--catalogue', place.catalogue, '--combined', combined]
    const ended = detcal('correct', place.golden.path, ...options)
    expect(ended.status).toBe(1)
    expect(failureLines(ended)).toEqual([expect.stringMatching(/name too long\. Choose a shorter name/)])
    expect(existsSync(out)).toBe(false)
  })

  test('in a folder that is not there', () => {
    refused(
      1,
      folder => join(folder, 'no', 'run.cxi'),
      /no: the folder of the combined file does not exist\. Make it/,
    )
  })

  test('a folder', () => {
    refused(1, folder => join(folder, 'sub'), /sub: is not a file, .*Give a file name, such as/)
    refused(1, folder => join(folder, 'proc'), /proc: .*/)
  })

  test('one that is there, unless it is to be replaced', () => {
    const folder = scratch()
    const [out, combined] = [join(folder, 'proc'), join(folder, 'run.cxi')]
    const options = ['--no-corr', '--combined', combined]
    expect(correct(out, ...options).status).toBe(0)
    expectRefused(folder, 1, /run\.cxi: exists already.*Use --overwrite/, () => correct(out, ...options))
    expect(correct(out, ...options, '--overwrite').status).toBe(0)
  })

  test('whatever is not a combined file, even if it may be overwritten: it may be an input', () => {
    const folder = scratch()
    writeFileSync(join(folder, 'run.cxi'), 'x')
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.cxi'))
    symlinkSync(join(run(), readdirSync(run())[0] ?? ''), join(folder, 'raw.cxi'))
    const catalogue = join(place.catalogue, 'catalogue.sqlite')
    const files = ['run', 'dangling', 'raw'].map(name => join(folder, `${name}.cxi`))
    for (const file of [...files, catalogue])
      expectRefused(folder, 2, /is not a combined file of detcal, so it is not replaced/, () =>
        correct(join(folder, 'proc'), '--combined', file, '--overwrite'),
      )
  })
})

describe('a correction that works', () => {
  test('the combined file alone', () => {
    const folder = scratch()
    const ended = correct(join(folder, 'proc'), '--no-corr', '--combined', join(folder, 'run.cxi'))
    expect(failureLines(ended)).toEqual([])
    expect(ended.status).toBe(0)
    expect(listing(folder).map(line => line.split(' ')[0])).toEqual([
      'proc',
      'proc/calibration_metadata_SPB_DET_AGIPD1M-1.yml',
      'run.cxi',
    ])
  })

  test('--json says what a machine needs to know', () => {
    const out = join(scratch(), 'proc')
    const ended = correct(out, '--json')
    expect(ended.status).toBe(0)
    const result = JSON.parse(ended.stdout)
    expect(result).toMatchObject({
      metadata: join(out, 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'),
      frames: expect.any(Number),
      rawBytes: expect.any(Number),
      seconds: expect.any(Number),
      peakMemory: expect.any(Number),
      problems: expect.arrayContaining([
        {
          check: 'modules_present',
          severity: 'warning',
          message: 'no data in the run',
          place: { module: 1 },
        },
      ]),
    })
    const sequences = result.modules.flatMap(
      (module: { sequences: { output: string; status: string }[] }) => module.sequences,
    )
    expect(sequences.map((sequence: { output: string }) => sequence.output)).toEqual(
      readdirSync(out)
        .filter(name => name.endsWith('.h5'))
        .map(name => join(out, name)),
    )
    expect(ended.stderr).toMatch(/^warning: modules 1-3, 5-14: no data in the run$/m)
  })

  test('--dry-run foresees that there is output already', () => {
    const out = join(scratch(), 'proc')
    const options = ['--out', out, '--catalogue', place.catalogue, '--modules', '0']
    expect(detcal('correct', place.golden.path, ...options).status).toBe(0)
    const foreseen = detcal('correct', place.golden.path, ...options, '--dry-run')
    expect([foreseen.status, foreseen.stdout]).toEqual([
      1,
      expect.stringMatching(
        /error: .*CORR-R0001-AGIPD00-S00000\.h5: exists already \(and 1 more\).*Use --overwrite/,
      ),
    ])
    expect(detcal('correct', place.golden.path, ...options, '--dry-run', '--overwrite').status).toBe(0)
  })

  test('--dry-run prints the plan and writes nothing', () => {
    const folder = scratch()
    const before = listing(folder)
    const combined = join(folder, 'run.cxi')
    const text = correct(join(folder, 'proc'), '--combined', combined, '--dry-run')
    expect(text.status).toBe(0)
    expect(text.stdout).toMatch(/3 modules, 8 trains, \d+ module frames/)
    expect(text.stdout).toContain(`combined: ${combined}`)
    const plan = JSON.parse(correct(join(folder, 'proc'), '--dry-run', '--json').stdout)
    const outputs = plan.modules.flatMap((module: { sequences: { output: string }[] }) =>
      module.sequences.map(({ output }) => dirname(output)),
    )
    expect(outputs).toEqual(new Array(6).fill(join(folder, 'proc')))
    expect(listing(folder)).toEqual(before)
  })
})
