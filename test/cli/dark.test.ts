import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GOLDEN_DARK, writeGoldenRun } from '../golden/dark/index.js'

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname

function detcal(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

let folder: string
let stages: string[]
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-'))
  const runs = [
    await writeGoldenRun(folder, 0),
    await writeGoldenRun(folder, 1),
    await writeGoldenRun(folder, 2),
  ]
  stages = ['--high', runs[0] ?? '', '--medium', runs[1] ?? '', '--low', runs[2] ?? '']
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('detcal dark', () => {
  test('prints a row for each module and stage, and writes a report', () => {
    const [catalogue, report] = [join(folder, 'cat'), join(folder, 'dark.html')]
    const { status, stdout, stderr } = detcal('dark', ...stages, '--catalogue', catalogue, '--report', report)
    expect(
      stdout
        .split('\n')
        .slice(0, 4)
        .map(line => line.trimEnd()),
    ).toMatchInlineSnapshot(`
      [
        "module  gain    offset, ADU  noise, ADU  raw gain, ADU   bad     %  offset  noise  not finite  no data  gain  rms to previous, ADU",
        "     3  high         5000.0       12.02           6032   630  0.48     264    468           0        0   298",
        "     3  medium       6500.0       11.44           7531  2064  1.57     264   1903           0        0   298",
        "     3  low          8000.0       11.70           9031   590  0.90     132    509           0        0   149",
      ]
    `)
    expect(stdout).toContain('4 constants entered, valid from 2023-11-14T22:13:20.000Z for Pixels X 512')
    expect(stderr).toContain('high gain: 9 trains make noise uncertain by 25 %')
    expect(readFileSync(report, 'utf8')).toContain('<h2>Module 3')
    expect(status).toBe(0)
  })

  test('for machines, with limits of its own', () => {
    const args = [
      '--catalogue',
      join(folder, 'json'),
      '--json',
      '--noise-hard',
      '4,1e6',
      '--noise-sigma',
      '1e6',
    ]
    const { status, stdout } = detcal(
      'dark',
      ...stages,
      ...args,
      '--modules',
      '3',
      '--begin-at',
      '2024-02-29T12:00Z',
    )
    const result = JSON.parse(stdout) as {
      limits: object
      modules: { stages: { reasons: Record<string, number> }[] }[]
      problems: { check: string }[]
    }
    expect(result).toMatchObject({
      beginAt: '2024-02-29T12:00:00.000Z',
      rawData: 'proposal:700000 runs:1 2 3',
    })
    expect(result.limits).toMatchObject({
      noiseSigma: 1e6,
      noiseHard: [
        [4, 1e6],
        [4, 1e6],
        [4, 1e6],
      ],
      offsetSigma: 3,
    })
    // Pixels that jump are noisy no more.
    const noisy = result.modules[0]?.stages[0]?.reasons['NOISE_OUT_OF_THRESHOLD'] ?? 0
    expect(noisy).toBeGreaterThan(100)
    expect(noisy).toBeLessThan((GOLDEN_DARK.bits[0]?.['1'] ?? 0) - 100)
    expect(result.problems.map(({ check }) => check)).not.toContain('modules_present')
    expect(status).toBe(0)
  })

  test('prints its plan and writes nothing with --dry-run', () => {
    const catalogue = join(folder, 'dry')
    const { status, stdout } = detcal('dark', ...stages, '--catalogue', catalogue, '--dry-run')
    expect(stdout).toContain('proposal:700000 runs:1 2 3: 1 modules, 37 module frames')
    expect(status).toBe(0)
    expect(existsSync(catalogue)).toBe(false)
  })

  test.each([
    [['--catalogue', 'c'], 2, 'no dark run is named'],
    [['--high', 'RUN', '--catalogue', 'c'], 2, 'AGIPD-1M is characterised from 3 dark runs'],
    [['ALL', '--catalogue', 'c', '--offset-hard', '7,3'], 2, '--offset-hard'],
    [['ALL', '--catalogue', 'c', '--condition', 'nonsense=1'], 2, 'no operating condition'],
    [['ALL', '--catalogue', 'c', '--memory', '1MiB'], 2, 'Use at least --memory'],
    [['ALL', '--catalogue', '/proc/nowhere/c'], 1, '/proc/nowhere/c'],
    [['ALL', '--catalogue', 'c', '--report', '/nowhere/report.html'], 1, '/nowhere/report.html'],
    [['ALL', '--catalogue', 'c', '--report', '/tmp'], 1, 'is a folder'],
  ])('%j ends with exit code %i and one line', (args, code, text) => {
    const given = args.flatMap(arg => (arg === 'ALL' ? stages : [arg === 'RUN' ? (stages[1] ?? '') : arg]))
    const { status, stderr } = detcal('dark', ...given.map(arg => (arg === 'c' ? join(folder, 'none') : arg)))
    expect(stderr).toContain(text)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(status).toBe(code)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })
})
