import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BAD_PIXELS } from '../../constants/model/bad-pixels.js'
import { correctRun } from '../../src/engine/run/correct-run.js'
import type { SequenceOutcome } from '../../src/engine/run/outcome.js'
import { prepareCorrection } from '../../src/engine/run/prepare.js'
import { runMetadata } from '../../src/engine/run/run-metadata.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import type { CorrectedRun } from '../../src/report/run/corrected-run.js'
import { type RunQuality, runQuality } from '../../src/report/run/quality.js'
import { writeRunReport } from '../../src/report/run/write.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'

let place: GoldenPlace
let corrected: CorrectedRun
let quality: RunQuality
let html: string
beforeAll(async () => {
  place = await goldenPlace()
  const out = join(place.folder, 'proc')
  const request = { run: place.golden.path, catalogue: place.catalogue, out }
  const { plan, output } = await prepareCorrection(request, { workers: 2, memory: 2 ** 30 })
  const provenance = { software: 'detcal <test>', created: '2026-01-01T00:00:00.000Z', options: { a: '<b>' } }
  const options = { output, overwrite: false, sync: false, provenance }
  const { modules, problems, modulePhases } = await correctRun(plan, options)
  const { run, proposal } = plan.run
  const content = runMetadata(plan, modules, provenance)
  corrected = { content, folder: out, run: { run, proposal }, modules, problems, modulePhases }
  const path = join(place.folder, 'report.html')
  quality = await writeRunReport(path, corrected)
  html = readFileSync(path, 'utf8')
})
afterAll(() => place.remove())

interface Counted {
  good: number
  sum: number
  stages: number[]
  bits: number[]
  values: number
}

/** The same figures, of all frames of a module, read by the library and counted one by one. */
async function counted(module: number): Promise<Counted> {
  const found: Counted = { good: 0, sum: 0, stages: [0, 0, 0], bits: new Array(32).fill(0), values: 0 }
  const outputs = corrected.modules.find(each => each.module === module)?.sequences ?? []
  for (const { output = '' } of outputs)
    await withFile(output, 'r', file => {
      const values = (name: string) =>
        (
          file.get(
            `INSTRUMENT/${corrected.content.karaboId}/CORR/${module}CH0:output/image/${name}`,
          ) as Dataset
        ).value as Float32Array
      const [data, gain, mask] = [values('data'), values('gain'), values('mask')]
      for (let i = 0; i < mask.length; i++) {
        const bits = (mask[i] ?? 0) >>> 0
        found.values++
        for (let bit = 0; bit < 32; bit++)
          if ((bits >>> bit) & 1) found.bits[bit] = (found.bits[bit] ?? 0) + 1
        if (bits & ~(1 << BAD_PIXELS.NON_STANDARD_SIZE)) continue
        found.good++
        found.stages[gain[i] ?? 0] = (found.stages[gain[i] ?? 0] ?? 0) + 1
        found.sum += data[i] ?? 0
      }
    })
  return found
}

describe('the report of a corrected run', () => {
  it('has the figures of the CORR files', async () => {
    for (const each of quality.modules) {
      const { good, sum, stages, bits, values } = await counted(each.module)
      expect(each.badShare).toBeCloseTo(1 - good / values, 12)
      expect(each.signal).toBeCloseTo(sum / good, 6)
      expect(each.stageShares).toEqual(stages.map(count => count / good))
      const named = Object.entries(BAD_PIXELS).flatMap(([name, bit]) =>
        bits[bit] ? [[name, bits[bit] / values]] : [],
      )
      expect(each.bitShares).toEqual(Object.fromEntries(named))
      expect(each.seconds['correct']).toBeGreaterThan(0)
    }
    expect(quality.modules.some(({ badShare = 0 }) => badShare > 0)).toBe(true)
    expect(quality.sampledFrames).toBeGreaterThan(0)
  })

  it('needs nothing but itself, and runs nothing', () => {
    expect(html).not.toMatch(/https?:|<script|<link|@import|url\(/)
    expect(html).toContain('detcal &#60;test&#62;')
    expect(html).not.toContain('<b>')
    expect(html.match(/<img /g)).toHaveLength(2)
  })

  it('replaces an earlier one, and nothing else', async () => {
    const path = join(place.folder, 'again.html')
    await writeRunReport(path, corrected)
    await writeRunReport(path, corrected)
    writeFileSync(path, '<!doctype html><title>mine</title>')
    await expect(writeRunReport(path, corrected)).rejects.toThrow('is not a report of detcal correct')
    rmSync(path)
    expect(existsSync(path)).toBe(false)
  })
})

describe('the verdict', () => {
  const none = { frames: 0, modules: [], problems: [] }
  const judged = (change: Partial<CorrectedRun>) => runQuality({ ...corrected, ...change }, none)
  const failed = (sequence: SequenceOutcome): SequenceOutcome => ({ ...sequence, status: 'failed' })

  it('says that all is well', () => {
    expect(quality.verdict).toMatch(/^All \d+ modules are corrected \(the detector has 16\)\. /)
    expect(quality.alarm).toBe(false)
  })

  it('names modules that were not corrected, or in part, and counts their frames', () => {
    const [first, second, ...others] = corrected.modules
    if (first === undefined || second === undefined) throw new Error('there are two')
    const modules = [
      { ...first, status: 'failed' as const, sequences: first.sequences.map(failed) },
      {
        ...second,
        status: 'partial' as const,
        sequences: second.sequences.map((s, i) => (i === 0 ? failed(s) : s)),
      },
      ...others,
    ]
    const { verdict, alarm } = judged({ modules })
    expect(verdict).toContain(`Not corrected: ${first.module}.`)
    expect(verdict).toContain(`In part: ${second.module}.`)
    const lost = [...first.sequences, ...second.sequences.slice(0, 1)].reduce(
      (n, { frames }) => n + frames,
      0,
    )
    expect(verdict).toContain(`; ${lost} could not be corrected.`)
    expect(alarm).toBe(true)
  })

  it('names a module whose constant is not of the time of the others', () => {
    const { modules } = corrected.content
    const [first, ...others] = modules
    if (first === undefined) throw new Error('there is one')
    const three = [first, { ...first, module: 14 }, { ...first, module: 15 }, ...others].map((each, i) => ({
      ...each,
      constants: new Map(
        [...first.constants].map(([name, version]) => [
          name,
          i === 0 && name === 'Offset' ? { ...version, beginAt: new Date('2001-02-03T04:05:06Z') } : version,
        ]),
      ),
    }))
    const { looks } = judged({ content: { ...corrected.content, modules: three } })
    const reasons = looks.filter(({ module }) => module === first.module).flatMap(({ reasons }) => reasons)
    expect(reasons.join()).toContain('Offset is of 2001-02-03 04:05, of most modules of ')
    expect(
      looks.flatMap(({ reasons }) => reasons).filter(reason => reason.startsWith('Offset')),
    ).toHaveLength(1)
  })
})
