import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { type ConstantSource, locateConstant } from '../../constants/files/source.js'
import { writeConstants } from '../../constants/files/write.js'
import { type LoadOptions, loadPlanes } from '../../constants/loading/load.js'
import { finiteMedian } from '../../constants/loading/median.js'
import type { PlaneRecipe } from '../../src/corrections/planes.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { isDetcalError } from '../../src/model/errors.js'
import { moduleIndex } from '../../src/model/ids.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { type GoldenFile, unpackGoldenConstants } from '../golden/constants/index.js'
import { temporaryFolder } from './folder.js'

const PIXELS = 512 * 128
const ROWS = [0, 512] as const
const folder = temporaryFolder()
let golden: Record<GoldenFile, string>
beforeAll(() => {
  golden = unpackGoldenConstants(folder)
})

/** Imports one file into a catalogue of its own, and finds what it has. */
async function imported(name: string, file: string, dims?: readonly string[]) {
  const root = join(folder, name)
  const detectorName = 'agipd1m'
  const writing = SqliteCatalogue.open(root, 'write')
  const request = { files: [file], detector: AGIPD_1M, detectorName, module: 3, beginAt: new Date(1.7e12) }
  await importConstants(writing, { ...request, ...(dims && { dims }) }).finally(() => writing.close())
  const catalogue = SqliteCatalogue.open(root)
  const found = await catalogue.find({
    ...{ detector: AGIPD_1M, modules: [moduleIndex(3)], conditions: {}, at: new Date(1.7e12) },
    ...{ calibrations: AGIPD_1M.calibrations.map(({ name }) => name), strategy: 'closest' },
  })
  catalogue.close()
  const versions = found.get(moduleIndex(3))?.constants ?? new Map()
  return {
    path: [...versions.values()][0]?.path as string,
    sources: async () => {
      const sources = new Map<string, ConstantSource>()
      for (const [calibration, version] of versions)
        sources.set(calibration, await locateConstant(AGIPD_1M, version, 3))
      return sources
    },
  }
}

type Wanted = Pick<LoadOptions, 'cells' | 'planes' | 'constants'>

/** Loads by kernels; @returns a hash of the planes. */
async function load({ cells, planes, constants }: Wanted, slowScan: LoadOptions['slowScan'] = ROWS) {
  const [base, bytes, room] = [65536, cells.length * planes.length * PIXELS * 4, 2 ** 22]
  const pages = Math.ceil((base + bytes + room) / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const { buffer } = memory
  await loadPlanes({
    ...{ detector: AGIPD_1M, buffer, base, cells, planes, constants, slowScan },
    ...{ median: 1, kernels: instantiateKernels(kernelModule(), memory) },
    scratch: new Uint8Array(buffer, base + bytes, room),
  })
  return createHash('sha256')
    .update(Buffer.from(buffer, base, bytes))
    .digest('hex')
}

function random(state: number): () => number {
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

/** Two planes of each float constant, all masks. */
function planesOf(sources: ReadonlyMap<string, ConstantSource>): PlaneRecipe[] {
  return [...sources].flatMap(
    ([
      calibration,
      {
        calibration: { kind },
      },
    ]): PlaneRecipe[] =>
      kind === 'bits'
        ? [{ kind: 'bad-pixels', calibrations: [calibration], stage: 0 }]
        : [0, 1].map(index => ({ kind: 'value', calibration, index })),
  )
}

describe('single bytes that rot in a file of constants: the same planes, or an error that names file and dataset', () => {
  it.each(['contiguous', 'chunked', 'image-order'] as const)('%s', async file => {
    const { path, sources } = await imported(`fuzz-${file}`, golden[file])
    const wanted = { cells: [0, 1], planes: planesOf(await sources()) }
    const whole = readFileSync(path)
    const expected = await load({ ...wanted, constants: await sources() })
    const next = random(11)
    let found = 0
    for (let i = 0; i < 16; i++) {
      const bytes = Buffer.from(whole)
      // Structure is at the beginning, mostly.
      const at = Math.floor(next() * (i % 2 ? bytes.length : 6000))
      bytes[at] = bytes[at]! ^ (1 + Math.floor(next() * 255))
      writeFileSync(path, bytes)
      try {
        expect(await load({ ...wanted, constants: await sources() }), `byte ${at}`).toBe(expected)
      } catch (error) {
        if (!isDetcalError(error)) throw error
        expect(error).toMatchObject({ place: { file: path }, hint: expect.any(String) })
        found++
      }
    }
    expect(found).toBeGreaterThan(0)
  })
})

describe('what is loaded is verified', () => {
  const OFFSET: PlaneRecipe = { kind: 'value', calibration: 'Offset', index: 1 }
  const CELLS = 70
  let path: string
  let sources: () => Promise<Map<string, ConstantSource>>
  beforeAll(async () => {
    const file = join(folder, 'written.h5')
    const shape = [128, 512, CELLS, 3]
    const data = Float32Array.from({ length: PIXELS * CELLS * 3 }, (_, i) => i % 9973)
    const dims = ['fast_scan', 'slow_scan', 'cell', 'gain']
    await writeConstants(file, [{ pdu: 'P', calibration: 'Offset', shape, dims, dtype: 'f4', data }])
    ;({ path, sources } = await imported('written', file))
  })

  /** Spoils one element's lowest bit while `use` runs. */
  async function spoilt(index: readonly [number, number, number, number], use: () => Promise<void>) {
    const whole = readFileSync(path)
    const [fast, slow, cell, gain] = index
    const located = (await sources()).get('Offset')?.located?.storage
    if (located?.kind !== 'chunked') throw new Error('it is not chunked')
    const at = located.addresses[fast]! + 4 * ((slow * CELLS + cell) * 3 + gain)
    const bytes = Buffer.from(whole)
    bytes[at] = bytes[at]! ^ 1
    writeFileSync(path, bytes)
    await use().finally(() => writeFileSync(path, whole))
  }

  const wanted = async (cells: readonly number[]) => ({ cells, planes: [OFFSET], constants: await sources() })
  const all = Array.from({ length: CELLS }, (_, cell) => cell)

  it('in the strips of several threads: the strip that has the byte fails, naming it', async () => {
    await spoilt([100, 300, 20, 1], async () => {
      await load(await wanted(all), [0, 296])
      await load(await wanted(all), [304, 512])
      await expect(load(await wanted(all), [256, 512])).rejects.toMatchObject({
        tag: 'constants',
        message:
          'its content is not what was imported: the checksum of rows 296 to 303, cells 0 to 63 differs',
        place: { file: path, dataset: '/P/Offset/0/data', module: 3 },
        hint: expect.stringContaining('Restore the file from a copy'),
      })
    })
  })

  it('in strips that begin anywhere, by reading a little more', async () => {
    await spoilt([0, 300, 69, 0], async () => {
      await load(await wanted(all), [3, 291])
      await expect(load(await wanted(all), [299, 301])).rejects.toThrow(/rows 296 to 303, cells 64 to 69/)
    })
  })

  it('for few cells: what lies apart from them may rot', async () => {
    await spoilt([5, 6, 69, 2], async () => {
      const few = await load(await wanted([1, 7]))
      await expect(load(await wanted([67]))).rejects.toThrow(/cells 64 to 69/)
      // A cell that the constants do not have stays one.
      await expect(load(await wanted([67, 70]))).rejects.toThrow(/cells 64 to 69/)
      expect(await load(await wanted([1, 7]))).toBe(few)
    })
  })

  it('without kernels', async () => {
    await spoilt([5, 6, 2, 2], async () => {
      const options = { detector: AGIPD_1M, base: 0, slowScan: ROWS, ...(await wanted([2])) }
      const buffer = new SharedArrayBuffer(4 * PIXELS)
      await expect(loadPlanes({ ...options, buffer })).rejects.toThrow(/checksum of rows 0 to 7/)
    })
  })

  it('where only a median is wanted', async () => {
    await spoilt([127, 511, 69, 2], async () => {
      await expect(finiteMedian(AGIPD_1M, (await sources()).get('Offset')!)).rejects.toThrow(
        /rows 504 to 511/,
      )
    })
    expect(await finiteMedian(AGIPD_1M, (await sources()).get('Offset')!)).toBeGreaterThan(0)
  })

  it('chunks that changed places are found, and an index that leads to another chunk', async () => {
    const whole = readFileSync(path)
    const located = (await sources()).get('Offset')?.located?.storage
    if (located?.kind !== 'chunked') throw new Error('it is not chunked')
    const [a = 0, b = 0] = [located.addresses[3], located.addresses[4]]
    const length = 512 * CELLS * 3 * 4
    const bytes = Buffer.from(whole)
    whole.copy(bytes, a, b, b + length)
    whole.copy(bytes, b, a, a + length)
    writeFileSync(path, bytes)
    await expect(load(await wanted(all))).rejects.toThrow(/not what was imported/)
    writeFileSync(path, whole)
  })
})
