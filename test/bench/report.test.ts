import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readReport, slower } from '../../bench/compare.js'
import { html } from '../../bench/report/html.js'
import { markdown } from '../../bench/report/markdown.js'
import { text } from '../../bench/report/text.js'
import { type BenchReport, resultOf, type Sample } from '../../bench/result.js'
import { type Contender, measure } from '../../bench/rounds.js'
import { isDetcalError } from '../../src/model/errors.js'
import { median } from '../../src/model/median.js'

const folder = mkdtempSync(join(tmpdir(), 'detcal-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const samples = (...ns: number[]): Sample[] => ns.map(value => ({ ns: value, cpuNs: value / 2 }))

function reportOf(nsPerPixel: number): BenchReport {
  const task = {
    name: 'a <task> & more',
    pixels: 10,
    bytesPerPixel: 13,
    bound: { nsPerPixel: 0.5, cpuNsPerPixel: 0.25 },
  }
  const own = samples(nsPerPixel * 10)
  return {
    machine: {
      cpu: 'a "fast" <cpu>',
      cores: 2,
      memory: 2 ** 34,
      cache: 2 ** 25,
      kernel: 'Linux 6',
      node: 'v20',
      commit: 'abc',
      date: '2026-01-01T00:00:00.000Z',
      load: 0,
    },
    results: [
      resultOf(task, { implementation: 'detcal', samples: own, details: { threads: 2 } }),
      resultOf(task, { implementation: 'a | b', samples: samples(80, 100, 90), own: samples(10, 10, 30) }),
    ],
  }
}

describe('results', () => {
  it('take the middle, also of an even count', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  it('give times a pixel, spread, rate, bound and ratios pair by pair', () => {
    const task = {
      name: 'task',
      pixels: 10,
      bytesPerPixel: 12,
      bound: { nsPerPixel: 3, cpuNsPerPixel: 0.75 },
    }
    const result = resultOf(task, {
      implementation: 'peer',
      samples: samples(60, 80, 50),
      own: samples(10, 40, 10),
    })
    expect(result).toMatchObject({ nsPerPixel: 6, min: 5, max: 8, cpuNsPerPixel: 3 })
    expect(result.gbPerSecond).toBe(2)
    expect(result.boundFraction).toBe(0.25)
    // Of the pairs 6, 2 and 5; the ratio of the medians would be 6.
    expect(result.ratio).toBe(5)
    expect(result.cpuRatio).toBe(5)
  })

  it('leave processor time out where one sample lacks it', () => {
    const result = resultOf(
      { name: 'task', pixels: 1 },
      { implementation: 'x', samples: [{ ns: 1, cpuNs: 1 }, { ns: 2 }] },
    )
    expect(result).not.toHaveProperty('cpuNsPerPixel')
  })
})

describe('rounds', () => {
  it('go in pairs after every contender has warmed up', async () => {
    const calls: string[] = []
    const contender = (implementation: string): Contender => ({
      implementation,
      run: () => {
        calls.push(implementation)
        return { ns: calls.length }
      },
    })
    const series = await measure(contender('own'), [contender('a'), contender('b')], {
      rounds: 2,
      leastNs: 0,
      warmUp: true,
      onProgress: () => {},
    })
    const round = ['own', 'a', 'own', 'b']
    expect(calls).toEqual(['own', 'a', 'b', ...round, ...round])
    expect(series.map(({ samples }) => samples.length)).toEqual([4, 2, 2])
    expect(series[1]?.own).toEqual([{ ns: 4 }, { ns: 8 }])
  })

  it('repeat passes that are too short to be timed', async () => {
    const asked: number[] = []
    const own: Contender = {
      implementation: 'own',
      run: passes => {
        asked.push(passes)
        return { ns: 100 }
      },
    }
    await measure(own, [], { rounds: 2, leastNs: 950, warmUp: true, onProgress: () => {} })
    expect(asked).toEqual([1, 1, 10, 10])
  })
})

/** The line that a user sees. */
function refusalOf(path: string): string {
  try {
    readReport(path)
  } catch (error) {
    if (isDetcalError(error)) return error.line
    throw error
  }
  return 'accepted'
}

describe('comparing', () => {
  it('names what of detcal became slower than the threshold, and nothing else', () => {
    expect(slower(reportOf(1.19), reportOf(1), 1.2)).toEqual([])
    expect(slower(reportOf(1.3), reportOf(1), 1.2)).toEqual([
      'a <task> & more: detcal: 1.30 ns a pixel, was 1.00 (1.30 times)',
    ])
    const { results } = reportOf(1)
    const slowPeer: BenchReport = {
      ...reportOf(1),
      results: results.map(r => ({ ...r, nsPerPixel: r.nsPerPixel * 9 })),
    }
    expect(slower(slowPeer, reportOf(1), 1.2)).toHaveLength(1)
  })

  it('reads back what was printed, and refuses everything else', () => {
    const path = join(folder, 'report.json')
    writeFileSync(path, JSON.stringify(reportOf(1)))
    expect(readReport(path).results).toHaveLength(2)
    for (const content of [
      '',
      'null',
      '[]',
      '{"results": []}',
      '{"machine": {}, "results": [{"name": 1}]}',
      '{"machine": {}, "results": [null]}',
    ]) {
      writeFileSync(path, content)
      expect(refusalOf(path)).toContain('report.json')
    }
    expect(refusalOf(join(folder, 'none.json'))).toContain('none.json')
    const wrong = { name: 'a', implementation: 'detcal', nsPerPixel: '5' }
    writeFileSync(path, JSON.stringify({ machine: {}, results: [reportOf(1).results[0], wrong] }))
    expect(refusalOf(path)).toMatch(
      /report\.json: .* results\.1\.nsPerPixel: expected number but received "5"/,
    )
  })
})

describe('reports', () => {
  it('are tables in text and Markdown', () => {
    expect(text(reportOf(1))).toMatch(/^detcal +1\.00/m)
    const lines = markdown(reportOf(1)).split('\n')
    expect(lines).toContainEqual(expect.stringMatching(/^\| \*\*detcal\*\* \| 1\.00 \|/))
    expect(lines).toContainEqual(expect.stringMatching(/^\| a \\\| b \| 9\.00 \|/))
  })

  it('are a page that needs nothing from outside and shows text as text', () => {
    const page = html(reportOf(1))
    expect(page).toContain('<svg')
    expect(page).toContain('a &lt;task&gt; &amp; more')
    expect(page).toContain('a &quot;fast&quot; &lt;cpu&gt;')
    expect(page).not.toMatch(/https?:|<script|<link|src=|url\(/)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  })
})
