import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { fittingAdvice, fittingMessage } from '../../src/cli/fitting-advice.js'
import { detcal } from '../helpers/command.js'
import { scratch, writeModule } from '../helpers/exdf.js'

const ROOT = resolve(import.meta.dirname, '../..')
const OPTION = /(?<![\w-])--(?:no-)?([a-z][a-z-]*)/g

/** Every command, with the options that its help names. */
const options = new Map<string, ReadonlySet<string>>()
const NESTED = ['constants', 'jobs', 'geometry', 'keys']
const named = (text: string) => new Set([...text.matchAll(OPTION)].map(([, name = '']) => name))
const subcommands = (text: string, of: string) =>
  [...text.matchAll(new RegExp(`^ +detcal ${of} ?([a-z-]+)`, 'gm'))].map(([, name = '']) => name)
beforeAll(() => {
  for (const command of subcommands(detcal('--help').stdout, '')) {
    const help = detcal(command, '--help').stdout
    if (!NESTED.includes(command)) options.set(command, optionsIn(help))
    else
      for (const action of subcommands(help, command))
        options.set(`${command} ${action}`, optionsIn(detcal(command, action, '--help').stdout))
  }
}, 120_000)

/** Options at the beginning of a line, not those that examples and descriptions name. */
function optionsIn(help: string): ReadonlySet<string> {
  return new Set(
    help
      .split('\n')
      .flatMap(line => [...named(/^ +(?:-\w, )?(--[\w-]+(?:, --[\w-]+)*)/.exec(line)?.[1] ?? '')]),
  )
}

/** Texts in quotes of a source file, comments aside. */
function textsOf(path: string): string[] {
  const code = readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(/(['`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(([, , text = '']) => text)
}

const sources = ['src', 'constants'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.startsWith('web/page'))
    .map(name => join(ROOT, folder, name)),
)

describe('advice', () => {
  test('names only options that some command has', () => {
    const all = new Set([...options.values()].flatMap(each => [...each]))
    expect(options.size).toBeGreaterThan(20)
    expect(all.size).toBeGreaterThan(80)
    const unknown = sources.flatMap(path =>
      textsOf(path)
        .flatMap(text => [...named(text)])
        .filter(name => !all.has(name))
        .map(name => `${path.slice(ROOT.length + 1)} --${name}`),
    )
    // Node.js' own, what a launcher says to its own process, and what Slurm is told.
    expect(unknown.filter(text => !/compile-late|local-launcher|slurm/.test(text))).toEqual([])
  })

  test('that names another command names its options', () => {
    const wrong = sources.flatMap(path =>
      textsOf(path).flatMap(text =>
        [...text.matchAll(/detcal ([a-z]+)((?: [a-z]+)?)([^.;,]*)/g)].flatMap(
          ([whole, command = '', action = '', rest = '']) => {
            const known = options.get(`${command}${action}`) ?? options.get(command)
            if (known === undefined) return []
            return [...named(rest)].filter(name => !known.has(name)).map(() => whole)
          },
        ),
      ),
    )
    expect(wrong).toEqual([])
  })

  test('is left out as far as the command cannot be told it', () => {
    const known = new Set(['memory', 'pulses'])
    const advice = 'Use --memory 5GiB or more, or select fewer pulses with --pulses'
    expect(fittingAdvice(advice, known)).toBe(advice)
    expect(fittingAdvice(advice, new Set(['pulses']))).toBe('Select fewer pulses with --pulses')
    expect(fittingAdvice(advice, new Set())).toBeUndefined()
    expect(fittingAdvice('Fill one with detcal constants import --detector X', new Set())).toContain('detcal')
    expect(fittingMessage('is odd. Say --no-parallel-gain if it was off', new Set(['out']))).toBe('is odd')
    expect(fittingMessage('is odd. Say --no-parallel-gain if it was off', new Set(['parallel-gain']))).toBe(
      'is odd. Say --no-parallel-gain if it was off',
    )
    expect(fittingMessage('--pulses is odd. Think', new Set())).toBe('--pulses is odd. Think')
  })

  test('of a command names only options of its own: a train of LPD in parallel gain that nobody told of', async () => {
    const folder = scratch()
    await writeModule(folder, {
      ...{ karaboId: 'FXE_DET_LPD1M-1', frame: [1, 256, 256], trainIds: [1000], counts: [6] },
      ...{ pulseIds: [4, 8, 0, 0, 4, 8], cellIds: [5, 2, 60000, 60000, 60000, 60000] },
    })
    for (const command of [
      ['inspect'],
      ['validate'],
      ['correct', '--out', join(folder, 'o'), '--catalogue', 'c'],
    ]) {
      const [name = '', ...rest] = command
      const { stderr, stdout } = detcal(name, folder, ...rest)
      const said = [...named(`${stderr}${stdout}`.replace(/detcal [a-z]+ --[a-z-]+/g, ''))]
      expect([name, said.filter(option => !options.get(name)?.has(option))]).toEqual([name, []])
    }
  })
})
