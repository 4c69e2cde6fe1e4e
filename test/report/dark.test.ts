import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { DarkOutcome } from '../../src/engine/dark/outcome.js'
import { AGIPD_DARK } from '../../src/kits/agipd/dark.js'
import { paletteIndex, SHARE } from '../../src/report/colours.js'
import { DARK_REPORT, darkReport, writeDarkReport } from '../../src/report/dark/write.js'
import { cellFigure, figureOf, histogramFigure, mapFigure } from '../../src/report/figures.js'
import { pngUri } from '../../src/report/png.js'
import { requireReportPlace } from '../../src/report/report-file.js'
import { darkResultOf } from '../helpers/dark-result.js'
import { scratch } from '../helpers/exdf.js'

const recipe = AGIPD_DARK

function report(modules: number): string {
  return darkReport(...darkResultOf(modules), 'detcal 0')
}

describe('the place of a dark report', () => {
  it('is a new file or an earlier report, by a link too', async () => {
    const folder = scratch()
    const [path, link] = [join(folder, 'dark.html'), join(folder, 'link.html')]
    for (const _ of [1, 2]) {
      requireReportPlace(path, DARK_REPORT)
      await writeDarkReport(path, ...darkResultOf(1), 'detcal 0')
    }
    symlinkSync(path, link)
    requireReportPlace(link, DARK_REPORT)
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
      expect(() => requireReportPlace(place(name), DARK_REPORT)).toThrow(/is not a report of detcal dark/)
      // It may have appeared since.
      await expect(writeDarkReport(place(name), ...darkResultOf(1), 'detcal 0')).rejects.toThrow(
        /is not a report/,
      )
    }
    expect(() => requireReportPlace(place('folder'), DARK_REPORT)).toThrow('is a folder')
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
    expect(html.match(/<img /g)).toHaveLength(3 + 3 * 4)
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

describe('the front page', () => {
  const verdictOf = (outcome: Partial<DarkOutcome>, modules = 3) => {
    const [plan, whole] = darkResultOf(modules)
    const html = darkReport(plan, { ...whole, ...outcome }, 'detcal 0')
    return /<p class="(verdict[^"]*)">([^<]*)</.exec(html)?.slice(1)
  }
  const versions = (...isNew: boolean[]) =>
    isNew.map(isNew => ({ isNew })) as unknown as DarkOutcome['versions']

  it('says how many modules are characterised, which are not, and what was entered', () => {
    const [, { modules }] = darkResultOf(2)
    const calm = modules.map(module => ({ ...module, outliers: [] }))
    expect(verdictOf({ modules: calm, versions: versions(true, true) })).toEqual([
      'verdict',
      'All 2 modules are characterised. None stands out. 2 constants entered.',
    ])
    const place = { module: 7 }
    const failed = { check: 'dark_failed', severity: 'error', message: 'no frames', place } as const
    expect(verdictOf({ modules: calm, problems: [failed], versions: versions(true, false) })).toEqual([
      'verdict alarm',
      '2 of 3 modules are characterised: not 7. 1 constants entered, 1 were in the catalogue to the byte.',
    ])
    expect(verdictOf({ versions: versions(false, false) })?.[1]).toContain(
      '0 constants entered: all 2 were in the catalogue, to the byte.',
    )
  })

  it('names a module with far more bad pixels than the others, and what was found of one', () => {
    const [, { modules }] = darkResultOf(4)
    const spoilt = modules.map((module, i) => ({
      ...module,
      outliers: [],
      stages: module.stages.map(stage => ({ ...stage, bad: i === 2 ? 0.2 * stage.values : stage.bad })),
    }))
    const [plan, outcome] = darkResultOf(4)
    const html = darkReport(plan, { ...outcome, modules: spoilt }, 'detcal 0')
    expect(/<h2>Modules that need a look<\/h2>\n<ul>(.*?)<\/ul>/.exec(html)?.[1]).toBe(
      '<li><a href="#module-2">module 2</a>: high gain, 20.0 % bad, of all modules 0.1 %; medium gain, 20.0 % bad, of all modules 0.1 %; low gain, 20.0 % bad, of all modules 0.1 %</li>',
    )
    expect(html).toContain('1 needs a look.')
  })

  it('has the whole detector in three pictures, whose gaps are blank', () => {
    const [plan, outcome] = darkResultOf(16)
    const html = darkReport(plan, outcome, 'detcal 0')
    const uris = [...html.matchAll(/<figure class="assembled">.*?src="([^"]*)"/g)].map(([, uri]) => uri ?? '')
    expect(uris).toHaveLength(3)
    for (const uri of uris) {
      const { rows, columns, lines } = decoded(uri)
      // EXtra-geom's example geometry, in blocks of 4 × 4 pixels.
      expect([rows, columns]).toEqual([Math.ceil(1256 / 4), Math.ceil(1092 / 4)])
      const blank = lines.flatMap(([, ...indices]) => indices).filter(index => index === 0).length
      expect(blank / (rows * columns)).toBeGreaterThan(0.1)
      expect(blank / (rows * columns)).toBeLessThan(0.4)
    }
  })

  it('of a detector without gain stages says nothing of high gain', () => {
    const [plan, { modules, ...outcome }] = darkResultOf(1)
    const single = modules.map(
      ({ stages: [stage], previews: [preview], previous, outliers: [outlier], ...module }) => ({
        ...module,
        stages: stage ? [{ ...stage, stage: 'only' as const }] : [],
        previews: preview ? [preview] : [],
        outliers: outlier ? [{ ...outlier, stage: 'only' as const }] : [],
        ...(previous && { previous: { ...previous, stages: previous.stages.slice(0, 1) } }),
      }),
    )
    const recipe = { ...plan.recipe, stages: ['only' as const], thresholds: false }
    const html = darkReport({ ...plan, recipe }, { ...outcome, modules: single }, 'detcal 0')
    expect(html).toContain('module 0</a>: cell 3: offset far')
    expect(html.replace(/base64,[^"]*/g, '')).not.toMatch(/\b(?:high|medium|low|only)\b/)
  })
})

describe('the colours of shares', () => {
  // WCAG 2: relative luminance, and the contrast of graphics.
  const luminance = (colour: readonly number[]) => {
    const [r = 0, g = 0, b = 0] = colour.map(value => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }

  it('stand out against that of nothing, whatever the page is like', () => {
    const [nothing = [0, 0, 0], ...others] = SHARE.colours
    expect(others.length).toBe(254)
    for (const colour of others)
      expect((luminance(nothing) + 0.05) / (luminance(colour) + 0.05)).toBeGreaterThan(3)
    expect([0, 1e-9, 1].map(value => paletteIndex(value, { low: 0, high: 1 }, SHARE))).toEqual([1, 2, 255])
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
