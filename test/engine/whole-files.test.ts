import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommonModeParams, DEFAULT_COMMON_MODE } from '../../src/corrections/common-mode.js'
import { photonsOf } from '../../src/corrections/photons.js'
import { stripShape, workspaceBytes, workspaceLayout } from '../../src/engine/contract/reduction-workspace.js'
import type { CorrectionPlan } from '../../src/engine/plan/plan.js'
import { executeCorrection, prepareCorrection } from '../../src/engine/run/prepare.js'
import type { CorrectionRequest } from '../../src/engine/run/request.js'
import { openFrameCorrector } from '../../src/engine/stream/open-frame-corrector.js'
import { type Dataset, withFile } from '../../src/hdf5/library.js'
import { subtractCommonMode } from '../../src/kits/agipd/common-mode-reference.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { laneLayout } from '../../src/memory/lane-layout.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import { simulate } from '../../src/simulator/simulate.js'

// Steps that look at all images of a file, from RAW file to CORR file: two rows of cells, two files of unequal length.

const CELLS = 34
const TRAINS = [3, 2]
const PIXELS = 512 * 128

let folder: string
let catalogue: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-whole-'))
  catalogue = join(folder, 'catalogue')
  await simulate(
    {
      ...{ detector: AGIPD_1M, modules: [5 as ModuleIndex], proposal: 900_000, run: 1, kind: 'photons' },
      ...{
        trains: 5,
        trainsPerFile: 3,
        cells: CELLS,
        stage: undefined,
        energy: 9.2,
        switched: 0.02,
        seed: 4,
      },
      formatVersion: '1.2',
    },
    { out: folder, catalogue, workers: 2 },
  )
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Images {
  readonly data: Float32Array[]
  readonly gain: Uint8Array[]
  readonly mask: Uint32Array[]
  readonly cells: readonly number[]
  readonly shifts?: Float32Array
}

let runs = 0

/** What each file's images come to. */
async function corrected(
  request: Partial<CorrectionRequest>,
  {
    workers = 2,
    change = plan => plan,
  }: { workers?: number; change?: (plan: CorrectionPlan) => CorrectionPlan } = {},
): Promise<Images[]> {
  const out = join(folder, `out-${++runs}`)
  const run = join(folder, 'raw', 'r0001')
  const prepared = await prepareCorrection({ run, catalogue, out, ...request }, { workers })
  const outcome = await executeCorrection({ ...prepared, plan: change(prepared.plan) }, { sync: false })
  expect(outcome.modules).toMatchObject([{ status: 'corrected' }])
  const files = readdirSync(out).filter(name => name.endsWith('.h5'))
  const images: Images[] = []
  for (const name of files.sort())
    images.push(
      await withFile(join(out, name), 'r', file => {
        const at = 'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/5CH0:output/image'
        const value = (dataset: string) => (file.get(`${at}/${dataset}`) as Dataset).value
        const planes = <T extends Float32Array | Uint8Array | Uint32Array>(all: T) =>
          Array.from({ length: all.length / PIXELS }, (_, i) =>
            all.slice(i * PIXELS, (i + 1) * PIXELS),
          ) as T[]
        return {
          data: planes(value('data') as Float32Array),
          gain: planes(value('gain') as Uint8Array),
          mask: planes(value('mask') as Uint32Array),
          cells: Array.from(value('cellId') as Uint16Array),
          ...(file.get(`${at}/blShift`) && { shifts: value('blShift') as Float32Array }),
        }
      }),
    )
  rmSync(out, { recursive: true })
  return images
}

const bits = (planes: readonly { buffer: ArrayBufferLike }[]) =>
  planes.map(({ buffer }) => Buffer.from(buffer).toString('latin1'))
const same = (a: readonly Images[], b: readonly Images[]): boolean =>
  a.every((file, i) =>
    (['data', 'gain', 'mask'] as const).every(name => {
      const [left, right] = [bits(file[name]), bits(b[i]?.[name] ?? [])]
      return left.length === right.length && left.every((plane, k) => plane === right[k])
    }),
  )

const OFFSET = ['threshold', 'low-medium-gap', 'force-mg-if-below', 'force-hg-if-below', 'offset']

/** The common mode of a whole file by the reference, in place. */
function subtracted({ data, cells }: Images, params: CommonModeParams): void {
  const order = [...data.keys()].sort((a, b) => cells[a]! - cells[b]! || a - b)
  for (const row of new Set(cells.map(cell => cell >> 5)))
    for (let ss = 0; ss < 512; ss += 64)
      for (let fs = 0; fs < 128; fs += 64) {
        const at = (p: number): number => (ss + (p >> 6)) * 128 + fs + (p & 63)
        const members = order.filter(i => cells[i]! >> 5 === row)
        const asics = members.map(i => Float32Array.from({ length: 4096 }, (_, p) => data[i]![at(p)]!))
        subtractCommonMode(asics, params)
        for (const [k, i] of members.entries()) for (let p = 0; p < 4096; p++) data[i]![at(p)] = asics[k]![p]!
      }
}

describe('common mode of a file', () => {
  it.each([
    { cmPart: 'both', fraction: 0.15 },
    { cmPart: 'image', fraction: 0.5 },
  ] as const)('has the reference’s bits: $cmPart', async ({ cmPart, fraction }) => {
    const offset = await corrected({ steps: OFFSET })
    expect(offset.map(({ cells }) => cells.length)).toEqual(TRAINS.map(trains => trains * CELLS))
    const found = await corrected({
      ...{ steps: [...OFFSET, 'common-mode'], cmPart, cmDarkFraction: fraction, cmDarkRange: [-25, 28] },
    })
    const before = bits(offset[0]!.data)
    for (const file of offset)
      subtracted(file, { ...DEFAULT_COMMON_MODE, part: cmPart, fraction, low: -25, high: 28 })
    expect(same(found, offset)).toBe(true)
    expect(bits(offset[0]!.data).some((plane, i) => plane === before[i])).toBe(false)
  })

  const steps = [...OFFSET, 'common-mode', 'adjust-mg-baseline', 'set-min', 'mask', 'zero-std', 'range']

  it('does not depend on workers, tiles, and how many images a workspace keeps', async () => {
    const expected = await corrected({ steps }, { workers: 1 })
    const { strip } = stripShape(512, 128)
    const layout = workspaceLayout({ pixels: PIXELS, strip })
    for (const [workers, trains, kept] of [
      [1, 16, 0],
      [2, 2, 40],
      [3, 1, 90],
      [2, 16, 1000],
    ] as const) {
      const change = ({ lanes, ...plan }: CorrectionPlan): CorrectionPlan => {
        const { reduction } = lanes.layout
        if (reduction === undefined) throw new Error('nothing is reduced')
        const bytes = workspaceBytes(layout, kept)
        const of = { ...lanes.layout, slotRawFrames: trains, slotFrames: trains }
        const changed = laneLayout({ ...of, reduction: { ...reduction, workspaceBytes: bytes } })
        return { ...plan, lanes: { ...lanes, layout: changed, block: { trains, framesPerTrain: 5 } } }
      }
      expect(same(await corrected({ steps }, { workers, change }), expected)).toBe(true)
    }
  })

  it('is found in each file by itself: which of them are corrected changes nothing', async () => {
    const both = await corrected({ steps })
    const second = await corrected({ steps, sequences: [1] })
    expect(same(second, both.slice(1))).toBe(true)
  })
})

it('pixels that never change have their bit', async () => {
  const steps = ['threshold', 'mask']
  const raw = await corrected({ steps: ['threshold'] })
  const plain = await corrected({ steps })
  const found = await corrected({ steps: [...steps, 'zero-std'] })
  let still = 0
  for (const [f, { data, cells, mask }] of raw.entries())
    for (const cell of new Set(cells)) {
      const members = [...data.keys()].filter(i => cells[i] === cell)
      for (let p = 0; p < PIXELS; p++) {
        const same = members.every(i => data[i]![p] === data[members[0]!]![p])
        if (same) still++
        for (const i of members) {
          const expected = plain[f]!.mask[i]![p]! | (same ? 1 << 14 : 0)
          if (found[f]!.mask[i]![p] !== expected) expect([f, i, p, found[f]!.mask[i]![p]]).toEqual(expected)
        }
      }
      expect(mask).toHaveLength(data.length)
    }
  expect(still).toBeGreaterThan(1000)
})

it('the production chain is that of its steps', async () => {
  const steps = [
    ...['threshold', 'low-medium-gap', 'force-mg-if-below', 'force-hg-if-below', 'offset', 'common-mode'],
    ...['adjust-mg-baseline', 'set-min', 'mask', 'range'],
  ]
  const production = await corrected({ preset: 'production', cmCount: 'present' })
  expect(same(production, await corrected({ steps }))).toBe(true)
  // Of 32 cells × 256 trains too few are there: parts of images alone are subtracted.
  expect(same(production, await corrected({ preset: 'production' }))).toBe(false)
})

describe('whole photons', () => {
  const steps = [...OFFSET, 'common-mode', 'mask', 'range']
  const photons = { photonEnergy: 9.2, aduPerKev: 7.07 }
  const photon = Math.fround(9.2 * 7.07)

  it.each([
    ['i2', Int16Array, 32767],
    ['u2', Uint16Array, 65535],
    ['f4', Float32Array, 1e7],
  ] as const)('as %s are those of the values, deflated', async (recast, Elements, most) => {
    const plain = await corrected({ steps })
    const found = await corrected({ steps: [...steps, 'round-photons'], ...photons, recast })
    let lit = 0
    for (const [f, { data, mask }] of plain.entries())
      for (const [i, image] of data.entries()) {
        const counted = found[f]!.data[i]!
        expect(counted).toBeInstanceOf(Elements)
        for (let p = 0; p < PIXELS; p++) {
          const expected = photonsOf(image[p]!, { photon, fraction: 0.5, most })
          if (expected.photons > 0) lit++
          if (counted[p] !== expected.photons) expect([f, i, p, counted[p]]).toEqual(expected)
          const bits = (mask[i]![p]! | expected.bits) >>> 0
          if (found[f]!.mask[i]![p] !== bits) expect([f, i, p, found[f]!.mask[i]![p]]).toEqual(bits)
        }
      }
    expect(lit).toBeGreaterThan(10_000)
  })

  it('are in the combined file too', async () => {
    const combined = join(folder, 'photons.cxi')
    const [file] = await corrected({ steps: [...steps, 'round-photons'], ...photons, combined })
    const data = await withFile(combined, 'r', opened => {
      const dataset = opened.get('entry_1/instrument_1/detector_1/data') as Dataset
      return dataset.slice([
        [CELLS, CELLS + 1],
        [4, 6],
      ]) as unknown as Int16Array
    })
    // Module 4 is missing.
    expect(data.subarray(0, PIXELS).every(value => value === 0)).toBe(true)
    expect(Buffer.from(data.slice(PIXELS).buffer).equals(Buffer.from(file!.data[CELLS]!.buffer))).toBe(true)
  })
})

it('the baseline of each image is subtracted, and told', async () => {
  const offset = await corrected({ steps: OFFSET })
  const found = await corrected({ steps: [...OFFSET, 'baseline-noise'] })
  for (const [f, { data }] of offset.entries()) {
    const { shifts = new Float32Array(0) } = found[f]!
    expect(shifts).toHaveLength(data.length)
    for (const [i, image] of data.entries()) {
      const expected = image.map(value => value - shifts[i]!)
      expect(bits([expected])).toEqual(bits([found[f]!.data[i]!]))
    }
    expect(shifts.some(shift => shift !== 0)).toBe(true)
  }
})

it('noisy blocks are bad as a whole, the same out of the cache', async () => {
  const steps = ['threshold', 'mask']
  const plain = await corrected({ steps })
  const noisy = (noisyAdcThreshold: number) =>
    corrected({ steps: [...steps, 'noisy-adc'], noisyAdcThreshold })
  expect(same(await noisy(1), plain)).toBe(true)
  const all = await noisy(0)
  for (const { mask } of all) for (const plane of mask) expect(plane.every(m => m & (1 << 17))).toBe(true)
  for (const [f, { mask }] of all.entries())
    for (const [i, plane] of mask.entries())
      expect(bits([plane.map(m => m & ~(1 << 17))])).toEqual(bits([plain[f]!.mask[i]!]))
})

describe('a stream', () => {
  const request = {
    detector: 'agipd1m',
    module: 5,
    cells: [...Array(CELLS).keys()],
    at: '2026-01-31T12:00:00Z',
  }

  it('has the bits of files for steps that a train is enough for', async () => {
    const steps = [
      ...OFFSET,
      'baseline-noise',
      'common-mode',
      'adjust-mg-baseline',
      'set-min',
      'mask',
      'range',
    ]
    const [file] = await corrected({ steps, cmPart: 'image' })
    const corrector = await openFrameCorrector({ ...request, catalogue, steps })
    expect(corrector.problems.map(({ check }) => check)).toContain('common_mode_of_images')
    const name = join(folder, 'raw', 'r0001', 'RAW-R0001-AGIPD05-S00000.h5')
    const raw = await withFile(name, 'r', file => {
      const data = file.get('INSTRUMENT/SPB_DET_AGIPD1M-1/DET/5CH0:xtdf/image/data') as Dataset
      return data.slice([[CELLS, 2 * CELLS]]) as unknown as Uint16Array
    })
    const frames = await corrector.correct({ train: 1, raw, cellIds: request.cells })
    for (const cell of request.cells)
      for (const name of ['data', 'gain', 'mask'] as const) {
        const found = frames[name](cell)
        const bytes = Buffer.from(found.buffer, found.byteOffset, found.byteLength)
        expect(bytes.equals(Buffer.from(file![name][CELLS + cell]!.buffer))).toBe(true)
      }
    frames.release()
    await corrector.close()
  })

  it('refuses by name what needs a file', async () => {
    const steps = ['threshold', 'mask', 'zero-std']
    await expect(openFrameCorrector({ ...request, catalogue, steps })).rejects.toThrow(
      'zero-std compares all trains of a file, and a stream has none',
    )
  })
})
