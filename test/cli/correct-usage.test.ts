import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcal, type Ended, failureLines, listing, MAIN } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

/** One line that says `says`, the exit code, nothing on stdout. */
function expectFailure(ended: Ended, status: number, says: RegExp) {
  const [line = '', ...more] = failureLines(ended)
  expect(more).toEqual([])
  expect(line).toMatch(/^detcal: /)
  expect(line).toMatch(says)
  expect(ended.stdout).toBe('')
  expect(ended.status).toBe(status)
}

/** Corrects the golden run with further options. */
function correct(...options: string[]): Ended {
  const out = join(place.folder, 'out')
  return detcal('correct', place.golden.path, '--out', out, '--catalogue', place.catalogue, ...options)
}

describe('options that cannot be are refused with what to write instead, and leave nothing', () => {
  test.each<[string, string[], number, RegExp]>([
    ['an unknown option', ['--bogus', '5'], 2, /Unknown argument: bogus.*--help/],
    ['an argument too many', ['r0002'], 2, /Unknown argument: r0002/],
    [
      'an option given twice',
      ['--modules', '0', '--modules', '4'],
      2,
      /argument modules is given several times/,
    ],
    ['an option without value', ['--modules'], 2, /argument modules is empty/],
    ['a number without value', ['--workers'], 2, /argument workers is empty: give it a value/],
    ['no number', ['--mg-hard-threshold', 'high'], 2, /argument mg-hard-threshold is not a number/],
    [
      'an unknown step',
      ['--steps', 'offset,sharpen'],
      2,
      /no correction step is called sharpen\. Use some of/,
    ],
    ['a step of the prototype', ['--steps', 'toString'], 2, /no correction step is called toString/],
    ['a step without the one it needs', ['--steps', 'mask'], 2, /step mask needs threshold\. Add threshold/],
    ['steps that are none', ['--steps', ', ,'], 2, /--steps is empty\. Use some of/],
    ['a range that is none', ['--cm-dark-range', '30,-30'], 2, /--cm-dark-range 30,-30 is not a range/],
    ['photons of no energy', ['--steps', 'threshold,offset,round-photons'], 2, /Add --photon-energy and/],
    ['trains that are no slice', ['--trains', 'first'], 2, /--trains "first" is not a slice\. Write/],
    ['a step of zero', ['--trains', '0:5:0'], 2, /has step 0/],
    [
      'trains by index that are not there',
      ['--trains', '500:'],
      2,
      /selects none of the run's 8 trains\. They/,
    ],
    [
      'trains by id that are not there',
      ['--trains', 'id=1:5'],
      2,
      /selects none of the run's 8 trains\. They/,
    ],
    ['pulses that are no slice', ['--pulses', '1:x'], 2, /--pulses "1:x" is not a slice/],
    [
      'pulses that are not there',
      ['--pulses', '900:'],
      2,
      /--pulses selects none of the \d+ frames of a train\. It has/,
    ],
    ['modules that are no list', ['--modules', '5-2'], 2, /--modules "5-2" is not a list/],
    ['a module that no detector has', ['--modules', '16'], 2, /has no module 16\. Its modules are 0 to 15/],
    ['modules without end', ['--modules', '0-99999999999'], 2, /has no module 99999999999/],
    [
      'a module that the run lacks',
      ['--modules', '5'],
      2,
      /--modules selects no module of the run\. It has modules 0, 4, 15/,
    ],
    ['a sequence that the run lacks', ['--sequences', '7'], 2, /--sequences selects none of 0, 1\. It has/],
    [
      'another detector',
      ['--detector', 'lpd1m'],
      1,
      /holds no data of detector lpd1m\. It holds SPB_DET_AGIPD1M/,
    ],
    ['an unknown gain mode', ['--gain-mode', 'best'], 2, /gain-mode.*"adaptive", "high", "medium", "low"/],
    ['a time that is none', ['--at', 'yesterday'], 2, /"yesterday" is not a time\. Write it like/],
    ['a condition without value', ['--condition', 'Memory cells'], 2, /is not name=value\. Write it like/],
    ['an unknown condition', ['--condition', 'Mood=5'], 2, /no operating condition "Mood"\. Use one of/],
    [
      'more memory than there is',
      ['--memory', '1000TiB'],
      2,
      /more than the .* this machine or job allows\. Use at most/,
    ],
    [
      'less memory than the process takes',
      ['--memory', '100MB'],
      2,
      /--memory 96 MiB is less than the 128 MiB that the process takes by itself\. Use at least --memory 128MiB/,
    ],
    ['memory that is none', ['--memory', 'plenty'], 2, /plenty is not an amount of memory\. Write it like/],
    ['no workers', ['--workers', '0'], 2, /--workers 0 is not a number of threads\. Use 1 to 256/],
    ['half a worker', ['--workers', '1.5'], 2, /--workers 1\.5 is not a number of threads/],
    ['nothing to write', ['--no-corr'], 2, /--no-corr without --combined writes nothing\. Add --combined/],
  ])('%s', (_, options, status, says) => {
    const before = listing(place.folder)
    expectFailure(correct(...options), status, says)
    expect(listing(place.folder)).toEqual(before)
  })

  test('an address space too small for WebAssembly is one line, and leaves nothing', () => {
    const before = listing(place.folder)
    const args = [
      MAIN,
      'correct',
      place.golden.path,
      '--out',
      join(place.folder, 'proc'),
      '--catalogue',
      place.catalogue,
    ]
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', 'ulimit -v 5000000; exec "$@"', 'sh', process.execPath, ...args],
      {
        encoding: 'utf8',
      },
    )
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^detcal: the system does not give .*\. Lift the limit of addresses \(ulimit -v unlimited\).*\n$/m,
    )
    expect(stderr).not.toContain('internal error')
    expect(listing(place.folder)).toEqual(before)
  })

  test('the memory that the message names is enough', () => {
    const [line = ''] = failureLines(correct('--memory', '1MiB'))
    const memory = /--memory (\d+MiB)/.exec(line)?.[1] ?? ''
    expect(correct('--memory', memory, '--dry-run').status).toBe(0)
  })
})

describe('a file of options', () => {
  function withConfig(text: string, ...options: string[]): Ended {
    const file = join(scratch(), 'options.yml')
    writeFileSync(file, text)
    return correct('--config', file, '--dry-run', '--json', ...options)
  }

  test('is used, and the command line wins', () => {
    const modules = ({ stdout }: Ended) =>
      (JSON.parse(stdout) as { modules: { module: number }[] }).modules.map(({ module }) => module)
    expect(modules(withConfig('modules: [0, 4]\nworkers: 1\n'))).toEqual([0, 4])
    expect(modules(withConfig('modules: 15\n'))).toEqual([15])
    expect(modules(withConfig('modules: [0, 4]\n', '--modules', '4'))).toEqual([4])
  })

  test.each([
    [
      'an unknown option',
      'mood: good',
      /options\.yml: mood: there is no such option\. Use some of .*zero-orange/,
    ],
    ['no table', '- modules', /is not a table of options: write one a line/],
    ['no YAML', 'modules: [', /cannot be read: Flow sequence/],
    ['another type', 'workers: many', /options\.yml: workers: expected number but received "many"/],
    ['another value', 'strategy: best', /strategy: expected \("closest" \| "prior"\) but received "best"/],
    ['a switch that is neither on nor off', 'blc-set-min: 5', /blc-set-min: expected true or false but/],
  ])('%s', (_, text, says) => expectFailure(withConfig(text), 2, says))

  test('that is not there', () =>
    expectFailure(correct('--config', 'no.yml'), 2, /no\.yml cannot be read: ENOENT/))
})

describe('the command itself', () => {
  test.each([
    ['no command', [], /name a command\. See detcal --help/],
    ['an unknown one', ['sharpen'], /Unknown argument: sharpen/],
    ['one misspelt', ['corect'], /there is no such command; correct is one/],
    ['correct without a run', ['correct'], /an argument is missing/],
    ['correct without --out', ['correct', 'r', '--catalogue', 'c'], /Missing required argument: out/],
  ])('%s', (_, args, says) => expectFailure(detcal(...args), 2, says))

  test('every command has an example in its help', () => {
    const commands = (...above: string[]): string[][] => {
      const { stdout } = detcal(...above, '--help')
      const names = [...stdout.matchAll(/^ {2}detcal (\S+(?: [a-z]+)*)/gm)].map(([, name = '']) =>
        name.split(' '),
      )
      return names.filter(name => name.length === above.length + 1)
    }
    const all = commands().flatMap(command =>
      ['constants', 'geometry', 'jobs', 'keys'].includes(command[0] ?? '') ? commands(...command) : [command],
    )
    expect(all.map(command => command.join(' '))).toEqual(
      expect.arrayContaining([
        'simulate',
        'correct',
        'inspect',
        'validate',
        'constants import',
        'geometry lut',
      ]),
    )
    for (const command of all) {
      const { status, stdout } = detcal(...command, '--help')
      expect(status, command.join(' ')).toBe(0)
      expect(stdout, command.join(' ')).toMatch(new RegExp(`Examples:\\n +detcal ${command.join(' ')} `))
    }
  })

  // The version says which build it is since packs and metadata do: the same version is not the same code.
  test('the version goes to stdout, with the hash of the code', () => {
    const { stdout, stderr, status } = detcal('--version')
    expect([stdout, stderr, status]).toEqual([
      expect.stringMatching(/^\d+\.\d+\.\d+\+[0-9a-f]{16}\n$/),
      '',
      0,
    ])
  })
})
