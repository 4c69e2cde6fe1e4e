import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { BenchReport } from '../../bench/result.js'

const MAIN = resolve(import.meta.dirname, '../../dist/src/cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'detcal-bench-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function bench(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, 'bench', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 })
}

describe('detcal bench', () => {
  it('measures everything, writes JSON and a page, and fails on what became slower', () => {
    const baseline = join(folder, 'baseline.json')
    const page = join(folder, 'bench.html')
    const scratch = join(folder, 'scratch')
    const fast = { name: 'kernel, 0 % switched', implementation: 'detcal', nsPerPixel: 1e-9 }
    writeFileSync(baseline, JSON.stringify({ machine: {}, results: [fast] }))
    const options = ['--quick', '--rounds', '1', '--workers', '2', '--json', '--scratch', scratch]
    const { status, stdout, stderr } = bench(...options, '--compare', baseline, '--html', page)
    expect(stderr).toMatch(/^slower: kernel, 0 % switched: detcal: /m)
    expect(status).toBe(1)

    const { machine, results } = JSON.parse(stdout) as BenchReport
    expect(machine).toMatchObject({ cores: expect.any(Number), node: process.version })
    for (const result of results) {
      const { name, implementation, nsPerPixel, min, max, samples } = result
      expect(`${name}${implementation}`).not.toBe('')
      expect(min).toBeGreaterThan(0)
      expect(nsPerPixel).toBeGreaterThanOrEqual(min)
      expect(max).toBeGreaterThanOrEqual(nsPerPixel)
      expect(samples.length).toBeGreaterThan(0)
    }
    const tasks = new Set(results.map(({ name }) => name.split(',')[0]))
    expect([...tasks]).toEqual([
      'kernel',
      'kernel and deflate',
      'read raw frames',
      'write data',
      'deflate gain and mask',
      'load constants',
      'constants from files',
      'constants from packs',
      'batch',
      'dark',
      'online',
      'read back data',
      'read back gain',
      'read back mask',
      'load photons',
    ])
    // Everyone gives the reference's bits, or says that it does not.
    expect(results.filter(({ note }) => note?.includes('other bits'))).toEqual([])
    const kernel = results.filter(({ name }) => name === 'kernel, 0.4 % switched')
    expect(kernel.map(({ implementation }) => implementation)).toEqual(
      expect.arrayContaining(['detcal', 'memory copy', 'detcal reference', 'plain JavaScript', 'gpu.js']),
    )
    expect(kernel.every(({ boundFraction }) => (boundFraction ?? 0) > 0)).toBe(true)
    expect(readFileSync(page, 'utf8')).toContain('</html>')
    // Data stay for the next time, results and programs do not.
    expect(readdirSync(scratch).every(name => /^(run|constants)-/.test(name))).toBe(true)
  }, 600_000)

  it('refuses what it does not know', () => {
    expect(bench('nonsense').status).toBe(2)
    expect(bench('kernels', '--rounds', '0').status).toBe(2)
    expect(bench('kernels', '--compare', join(folder, 'none.json')).status).toBe(1)
  })
})
