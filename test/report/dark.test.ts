import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { DarkMap, StagePreview } from '../../constants/dark/preview.js'
import type { DarkModule, DarkOutcome } from '../../src/engine/dark/outcome.js'
import type { DarkPlan } from '../../src/engine/dark/plan.js'
import { AGIPD_DARK } from '../../src/kits/agipd/dark.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { moduleIndex } from '../../src/model/ids.js'
import { darkReport, requireReportPlace, writeDarkReport } from '../../src/report/dark/write.js'
import { cellFigure, figureOf, histogramFigure, mapFigure } from '../../src/report/figures.js'
import { pngUri } from '../../src/report/png.js'
import { scratch } from '../helpers/exdf.js'

const recipe = AGIPD_DARK

/** Values that do not compress: the worst that a map can be. */
function noisyMap(): DarkMap {
  let x = 1
  const values = Float32Array.from({ length: 128 * 32 }, () => (x = (x * 1_103_515_245 + 12_345) % 2 ** 31))
  return { rows: 128, columns: 32, values }
}

function moduleOf(module: number): DarkModule {
  const map = noisyMap()
  const histogram = {
    from: 4000,
    step: 10,
    counts: Array.from({ length: 64 }, (_, i) => i * 997),
    below: 3,
    above: 4,
  }
  const preview: StagePreview = {
    ...{ offset: map, noise: map, bad: map },
    histograms: { offset: histogram, noise: histogram },
  }
  const shift = { compared: 10, mean: 0.1, rms: 0.7, largest: -3, map }
  return {
    module: moduleIndex(module),
    pdu: '<script>alert(1)</script>',
    written: { content: { size: 1, sha256: '' }, constants: [], checksums: new Map() },
    stages: recipe.stages.map(stage => ({
      ...{ stage, offset: 5000, noise: 8, gain: 6000, gainDeviation: 30, values: 65_536, bad: 70 },
      reasons: { NOISE_OUT_OF_THRESHOLD: 70 },
      cells: [0, 2].map(cell => ({ cell, offset: 5000 + cell, noise: 8, bad: 35 })),
    })),
    previews: recipe.stages.map(() => preview),
    outliers: [{ stage: 'high', what: 'cell 3', message: 'offset far' }],
    problems: [],
    previous: {
      beginAt: new Date(0),
      stages: recipe.stages.map(() => ({
        offset: shift,
        noise: shift,
        bad: { compared: 10, more: 1, fewer: 2 },
      })),
    },
  }
}

function report(modules: number): string {
  return darkReport(...resultOf(modules), 'detcal 0')
}

function resultOf(modules: number): [DarkPlan, DarkOutcome] {
  const plan = {
    ...{ detector: AGIPD_1M, karaboId: 'SPB_DET_AGIPD1M-1', recipe, runs: [], limits: recipe.limits },
    ...{
      conditions: { 'Memory cells': 32 },
      told: {},
      beginAt: new Date(0),
      rawData: 'proposal:000001 runs:1 2 3',
    },
  } as unknown as DarkPlan
  const outcome = {
    modules: Array.from({ length: modules }, (_, i) => moduleOf(i)),
    problems: [],
  } as unknown as DarkOutcome
  return [plan, outcome]
}

describe('the place of a dark report', () => {
  it('is a new file or an earlier report, by a link too', async () => {
    const folder = scratch()
    const [path, link] = [join(folder, 'dark.html'), join(folder, 'link.html')]
    for (const _ of [1, 2]) {
      requireReportPlace(path)
      await writeDarkReport(path, ...resultOf(1), 'detcal 0')
    }
    symlinkSync(path, link)
    requireReportPlace(link)
    expect(readFileSync(path, 'utf8')).toBe(report(1))
  })

  it('is nothing else: a RAW file, a catalogue, a page of somebody, a link to one or to nothing', async () => {
    const folder = scratch()
    const place = (name: string) => join(folder, name)
    writeFileSync(place('raw.h5'), '\x89HDF\r\n\x1a\n')
    writeFileSync(place('catalogue.sqlite'), 'SQLite format 3\0')
    writeFileSync(place('page.html'), '<!doctype html><title>My dark runs</title>')
    writeFileSync(place('empty'), '')
    mkdirSync(place('folder'))
    symlinkSync('raw.h5', place('link.html'))
    symlinkSync('nowhere', place('dangling.html'))
    for (const name of ['raw.h5', 'catalogue.sqlite', 'page.html', 'empty', 'link.html', 'dangling.html']) {
      expect(() => requireReportPlace(place(name))).toThrow(/is not a report of detcal dark/)
      // It may have appeared since.
      await expect(writeDarkReport(place(name), ...resultOf(1), 'detcal 0')).rejects.toThrow(
        /is not a report/,
      )
    }
    expect(() => requireReportPlace(place('folder'))).toThrow('is a folder')
    expect(readFileSync(place('raw.h5'), 'utf8')).toBe('\x89HDF\r\n\x1a\n')
  })
})

describe('the dark report', () => {
  it('needs nothing but itself, and runs nothing', () => {
    const html = report(1)
    expect(html).not.toMatch(/https?:|<script|<link|@import|url\(/)
    expect(
      [...html.matchAll(/src="([^"]{0,22})/g)].every(([, uri]) => uri === 'data:image/png;base64,'),
    ).toBe(true)
    expect(html).toContain('&#60;script&#62;')
  })

  it('shows maps, histograms, reasons, differences and outliers of every stage', () => {
    const html = report(1)
    expect(html.match(/<img /g)).toHaveLength(3 * 4)
    expect(html.match(/<svg /g)).toHaveLength(3 * (2 + 3))
    expect(html).toContain('median offset, ADU: 5000 … 5002')
    for (const stage of recipe.stages) expect(html).toContain(`<h3>${stage} gain`)
    expect(html).toContain('high gain, cell 3: offset far')
    expect(html).toContain('NOISE_OUT_OF_THRESHOLD')
    expect(html).toContain('offset − previous: mean 0.100, rms 0.700, at most −3.000 ADU')
  })

  it('follows the light and dark of the system, and prints', () => {
    expect(report(1)).toMatch(/prefers-color-scheme: dark/)
    expect(report(1)).toMatch(/@media print/)
  })

  it('breaks long paths where the page is narrow', () => {
    // Words without a place to break widen a page unless all that holds them may be narrower than they are.
    expect(report(1)).toMatch(/main \{[^}]*overflow-wrap: anywhere/)
    expect(report(1)).toMatch(/dl \{[^}]*grid-template-columns: max-content minmax\(0, 1fr\)/)
    expect(report(1)).toMatch(/\.plates > \* \{[^}]*max-width: 100%/)
  })

  it('stays below 2 MB for 16 modules whose maps do not compress', () => {
    expect(report(16).length).toBeLessThan(2e6)
  })
})

/** Decodes what {@link pngUri} makes: one filter byte of 0 before each row of indices. */
function decoded(uri: string): { columns: number; rows: number; lines: number[][] } {
  const png = Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64')
  const [columns, rows] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const at = png.indexOf('IDAT')
  const data = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  const lines = Array.from({ length: rows }, (_, row) => [
    ...data.subarray(row * (columns + 1), (row + 1) * (columns + 1)),
  ])
  return { columns, rows, lines }
}

describe('images', () => {
  it('are PNGs of their indices', () => {
    const uri = pngUri({
      rows: 2,
      columns: 3,
      indices: Uint8Array.of(0, 1, 2, 2, 1, 0),
      palette: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    })
    expect(decoded(uri)).toEqual({
      columns: 3,
      rows: 2,
      lines: [
        [0, 0, 1, 2],
        [0, 2, 1, 0],
      ],
    })
  })

  it('lie with their longer side across, blank where nothing is finite', () => {
    const map = { rows: 3, columns: 2, values: Float32Array.of(0, 1, 2, 3, Number.NaN, 9) }
    const palette = { colours: Array.from({ length: 255 }, () => [0, 0, 0] as const), css: '' }
    const [, uri = ''] = /src="([^"]*)"/.exec(mapFigure('x', map, palette, { low: 0, high: 3 })) ?? []
    expect(decoded(uri).lines).toEqual([
      [0, 1, 170, 0],
      [0, 86, 255, 255],
    ])
  })
})

describe('histograms', () => {
  const histogram = { from: 10, step: 1, counts: Array.from({ length: 64 }, () => 5), below: 0, above: 2 }
  it('have a line at limits that are in sight', () => {
    const html = histogramFigure('x', histogram, [4, 42, 74])
    expect([...html.matchAll(/class="limit" d="M([\d.]+) /g)].map(([, x]) => x)).toEqual(['128.0'])
    expect(html).toContain('x; 0 below, 2 above')
  })
})

describe('values by cell', () => {
  it('have a step a cell, and none where a cell is missing or has no value', () => {
    const values = [1, Number.NaN, 3, 2]
    const points = values.map((value, i) => ({ cell: i === 3 ? 7 : i, value }))
    const html = cellFigure('noise', points)
    expect(/class="edge" d="([^"]*)"/.exec(html)?.[1]).toBe('M0.0 60.0H32.0M64.0 4.0H96.0M224.0 32.0H256.0')
    expect(html).toContain('noise: 1.000 … 3.000')
  })

  it('that are all the same lie in the middle', () => {
    const html = cellFigure('noise', [
      { cell: 0, value: 5 },
      { cell: 1, value: 5 },
    ])
    expect(html).toContain('M0.0 32.0H128.0')
  })
})

it('figures have four digits at most', () => {
  const values = [0, 1.23456, 12.3456, 123.456, 1234.56, 65_535, -0.0123, Number.NaN]
  expect(values.map(figureOf)).toEqual(['0.000', '1.235', '12.35', '123.5', '1235', '65535', '−0.012', '–'])
})
