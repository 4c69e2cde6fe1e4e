import { createHash } from 'node:crypto'
import { closeSync, openSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeConstants } from '../../constants/files/layout.js'
import { type ConstantSource, locateConstant } from '../../constants/files/source.js'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'
import { type LoadOptions, loadPlanes } from '../../constants/loading/load.js'
import { finiteMedian } from '../../constants/loading/median.js'
import { resolveDims } from '../../constants/model/axes.js'
import { calibrationOf } from '../../constants/model/calibrations.js'
import type { PlaneRecipe } from '../../src/corrections/planes.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { EXPECTED, type GoldenFile, unpackGoldenConstants } from '../golden/constants/index.js'
import { temporaryFolder } from './folder.js'

const PIXELS = 512 * 128
const folder = temporaryFolder()
let golden: Record<GoldenFile, string>
beforeAll(() => {
  golden = unpackGoldenConstants(folder)
})

/** All constants of a file, located, by calibration. */
async function sourcesOf(path: string, module?: number): Promise<Map<string, ConstantSource>> {
  const sources = new Map<string, ConstantSource>()
  for (const stored of await describeConstants(path)) {
    const calibration = calibrationOf(AGIPD_1M, stored.calibration)
    if (!calibration) continue
    const { dims } = resolveDims(AGIPD_1M, calibration, stored.shape, stored.dims)
    const version = { ...stored, dims, dtype: stored.dtype!, path, size: statSync(path).size }
    sources.set(stored.calibration, await locateConstant(AGIPD_1M, version, module))
  }
  return sources
}

async function goldenCase(name: string) {
  const { files, cells, recipes, sha256 } = EXPECTED.cases[name]!
  const constants = new Map<string, ConstantSource>()
  for (const [calibration, file] of Object.entries(files))
    constants.set(calibration, (await sourcesOf(golden[file])).get(calibration)!)
  return { cells, planes: recipes, constants, sha256 }
}

/** Loads in strips into a lane with room before and behind, which must stay as it was. */
async function load(
  options: Pick<LoadOptions, 'cells' | 'planes' | 'constants' | 'median' | 'scratch'>,
  strips: readonly (readonly [number, number])[] = [[0, 512]],
  kernelScratch = 0,
) {
  const bytes = options.cells.length * options.planes.length * PIXELS * 4
  // The first page is the kernels’ own.
  const base = 65536
  const pages = Math.ceil((base + bytes + 4096 + kernelScratch) / 65536)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const { buffer } = memory
  new Uint8Array(buffer).fill(0xa5)
  const kernel = kernelScratch && {
    kernels: instantiateKernels(kernelModule(), memory),
    scratch: new Uint8Array(buffer, base + bytes + 4096, kernelScratch),
  }
  let missing: readonly number[] = []
  for (const slowScan of strips) {
    const report = await loadPlanes({ ...options, ...kernel, detector: AGIPD_1M, buffer, base, slowScan })
    missing = report.missingCells
  }
  const guard = Buffer.concat([
    Buffer.from(buffer, base - 4096, 4096),
    Buffer.from(buffer, base + bytes, 4096),
  ])
  expect(guard.every(byte => byte === 0xa5)).toBe(true)
  return { lane: new Uint32Array(buffer, base, bytes / 4), missing }
}

function hashOf(lane: Uint32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(lane.buffer, lane.byteOffset, lane.byteLength))
    .digest('hex')
}

describe('planes of h5py files equal numpy', () => {
  for (const name of Object.keys(EXPECTED.cases)) {
    it(`${name}: at once`, async () => {
      const { sha256, ...rest } = await goldenCase(name)
      expect(hashOf((await load({ ...rest, median: EXPECTED.median })).lane)).toBe(sha256)
    })
    it(`${name}: by kernels, in strips, whatever their room`, async () => {
      const { sha256, ...rest } = await goldenCase(name)
      for (const room of [100_000, 2 ** 22 + 8]) {
        const strips = [
          [0, 101],
          [101, 512],
        ] as const
        const { lane } = await load({ ...rest, median: EXPECTED.median }, strips, room)
        expect(hashOf(lane)).toBe(sha256)
      }
    })
    it(`${name}: in uneven strips with little room`, async () => {
      const { sha256, ...rest } = await goldenCase(name)
      // Not aligned, and below what one row of pixels takes.
      const scratch = new Uint8Array(new SharedArrayBuffer(5 + 30_011), 5)
      const { lane } = await load({ ...rest, median: EXPECTED.median, scratch }, [
        [64, 131],
        [0, 64],
        [131, 512],
      ])
      expect(hashOf(lane)).toBe(sha256)
    })
  }

  it('through the library, the same', async () => {
    const { sha256, ...rest } = await goldenCase('gain')
    const constants = new Map(
      [...rest.constants].map(([name, { located: _, ...source }]) => [name, source as ConstantSource]),
    )
    expect(hashOf((await load({ ...rest, constants, median: EXPECTED.median })).lane)).toBe(sha256)
  })

  it('the fallback file is one that only the library reads', async () => {
    const sources = await sourcesOf(golden.fallback)
    expect(sources.get('Offset')?.located).toBeUndefined()
    expect((await sourcesOf(golden.chunked)).get('SlopesPC')?.located?.storage.kind).toBe('chunked')
  })

  it('the median of slopes', async () => {
    const source = (await sourcesOf(golden.chunked)).get('SlopesFF')!
    expect(await finiteMedian(AGIPD_1M, source)).toBe(EXPECTED.median)
  })
})

it('writes only its strip', async () => {
  const { sha256: _, ...rest } = await goldenCase('gain')
  const { lane } = await load({ ...rest, median: 1 }, [[100, 103]])
  const planes = rest.cells.length * rest.planes.length
  for (let plane = 0; plane < planes; plane++)
    for (const row of [0, 99, 103, 511]) expect(lane[plane * PIXELS + row * 128 + 5]).toBe(0xa5a5a5a5)
  expect(lane[100 * 128]).not.toBe(0xa5a5a5a5)
})

it('fills cells that a constant lacks, and names them', async () => {
  const { constants } = await goldenCase('adaptive')
  const planes: PlaneRecipe[] = [
    { kind: 'value', calibration: 'Offset', index: 0 },
    { kind: 'bad-pixels', calibrations: ['BadPixelsDark'], stage: 0 },
    { kind: 'value', calibration: 'ThresholdsDark', index: 0 },
    { kind: 'low-threshold', gap: true },
    { kind: 'fill', bits: 7 },
    { kind: 'bad-pixels', calibrations: [], stage: 0 },
  ]
  const { lane, missing } = await load({ cells: [2, 0, 351], planes, constants })
  expect(missing).toEqual([2, 351])
  const filled = [0x7fc00000, 8, 0x7f800000, 0x7f800000, 7, 8]
  for (const cell of [0, 2])
    filled.forEach((bits, plane) => {
      const at = (cell * planes.length + plane) * PIXELS
      expect(lane.subarray(at, at + PIXELS).every(word => word === bits)).toBe(true)
    })
  expect(new Float32Array(lane.buffer, lane.byteOffset)[planes.length * PIXELS + 1]).toBeGreaterThan(3999)
})

it('a cell that is asked for twice is there twice', async () => {
  const { constants } = await goldenCase('image-order')
  const planes: PlaneRecipe[] = [{ kind: 'value', calibration: 'Offset', index: 2 }]
  for (const kernelScratch of [0, 2 ** 22]) {
    const { lane } = await load({ cells: [1, 1], planes, constants }, [[0, 512]], kernelScratch)
    expect(hashOf(lane.subarray(0, PIXELS))).toBe(hashOf(lane.subarray(PIXELS)))
    expect(lane[77]).not.toBe(0xa5a5a5a5)
  }
})

describe('bad constants are named', () => {
  const shape = [128, 512, 1, 3]
  const dims = ['fast_scan', 'slow_scan', 'cell', 'gain']
  const planes: PlaneRecipe[] = [{ kind: 'bad-pixels', calibrations: ['BadPixelsDark'], stage: 1 }]
  const masks = (name: string, constant: Pick<ConstantArray, 'dtype' | 'data'>) => {
    const path = join(folder, name)
    return writeConstants(path, [{ pdu: 'P', calibration: 'BadPixelsDark', shape, dims, ...constant }]).then(
      () => path,
    )
  }
  const values = <A extends { [index: number]: unknown }>(array: A, value: A[number]): A => {
    ;(array as { [index: number]: unknown })[4] = value
    return array
  }
  const n = 128 * 512 * 3

  it.each([
    ['fraction', 'f8', values(new Float64Array(n), 1.5)],
    ['nan', 'f4', values(new Float32Array(n), Number.NaN)],
    ['large', 'f8', values(new Float64Array(n), 2 ** 32)],
    // An i4 of −1 was refused too, until masks of up to 32 bits were taken by their bits.
    ['negative', 'f8', values(new Float64Array(n), -1)],
    ['negative64', 'i8', values(new BigInt64Array(n), -1n)],
    ['large64', 'u8', values(new BigUint64Array(n), 2n ** 32n)],
  ] as const)('a mask with a %s', async (name, dtype, data) => {
    const path = await masks(`${name}.h5`, { dtype, data } as ConstantArray)
    for (const kernelScratch of [0, 2 ** 22]) {
      const constants = await sourcesOf(path, 3)
      await expect(load({ cells: [0], planes, constants }, [[0, 512]], kernelScratch)).rejects.toMatchObject({
        tag: 'constants',
        place: { file: path, dataset: '/P/BadPixelsDark/0/data', module: 3 },
      })
    }
  })

  it.each([
    ['f8', values(new Float64Array(n), 2 ** 32 - 1)],
    ['i8', values(new BigInt64Array(n), 2n ** 32n - 1n)],
    ['u8', values(new BigUint64Array(n), 2n ** 32n - 1n)],
  ] as const)('but the largest mask as %s is one', async (dtype, data) => {
    const path = await masks(`largest-${dtype}.h5`, { dtype, data } as ConstantArray)
    const constants = await sourcesOf(path)
    for (const kernelScratch of [0, 2 ** 22]) {
      const { lane } = await load({ cells: [0], planes, constants }, [[0, 512]], kernelScratch)
      // Element 4 is (fs 0, ss 1, cell 0, gain 1).
      expect(lane[128]).toBe(0xffffffff)
      expect(lane.filter(word => word !== 0)).toHaveLength(1)
    }
  })

  it.each([
    ['i1', values(new Int8Array(n), -128), 0x80],
    ['i2', values(new Int16Array(n), -32768), 0x8000],
    ['i4', values(new Int32Array(n), -(2 ** 31)), 0x80000000],
    ['i4', values(new Int32Array(n), -1), 0xffffffff],
    ['f4', values(new Float32Array(n), 2 ** 31), 0x80000000],
    ['f8', values(new Float64Array(n), -0), 0],
  ] as const)('and a mask of %s is its bits', async (dtype, data, bits) => {
    const path = join(folder, `bits-${dtype}.h5`)
    const common = { pdu: 'P', shape, dims }
    await writeConstants(path, [
      { ...common, calibration: 'BadPixelsDark', dtype, data } as ConstantArray,
      { ...common, calibration: 'BadPixelsPC', dtype: 'i4', data: values(new Int32Array(n), 2) },
    ])
    const constants = await sourcesOf(path)
    const both: PlaneRecipe = { kind: 'bad-pixels', calibrations: ['BadPixelsPC', 'BadPixelsDark'], stage: 1 }
    const other: PlaneRecipe = { ...both, calibrations: ['BadPixelsDark', 'BadPixelsPC'] }
    for (const kernelScratch of [0, 2 ** 22]) {
      const recipes = [...planes, both, other]
      const { lane } = await load({ cells: [0], planes: recipes, constants }, [[0, 512]], kernelScratch)
      const found = [0, 1, 2].map(plane => lane[plane * PIXELS + 128])
      expect(found).toEqual([bits, (bits | 2) >>> 0, (bits | 2) >>> 0])
      expect(lane.filter(word => word !== 0)).toHaveLength(bits === 0 ? 2 : 3)
    }
  })

  it('a file that was cut after it was located', async () => {
    const path = await masks('cut.h5', { dtype: 'u4', data: new Uint32Array(n) })
    const constants = await sourcesOf(path, 11)
    truncateSync(path, statSync(path).size - 100_000)
    await expect(load({ cells: [0], planes, constants })).rejects.toMatchObject({
      tag: 'constants',
      place: { file: path, module: 11 },
    })
    await expect(sourcesOf(path)).rejects.toThrow()
  })

  it('a file that is not what was imported', async () => {
    const path = await masks('changed.h5', { dtype: 'u4', data: new Uint32Array(n) })
    const version = {
      calibration: 'BadPixelsDark',
      path,
      dataset: '/P/BadPixelsDark/0',
      shape,
      dtype: 'u4',
      dims,
      size: statSync(path).size,
    } as const
    await locateConstant(AGIPD_1M, version, 0)
    await expect(locateConstant(AGIPD_1M, { ...version, size: 5 }, 0)).rejects.toThrow(/bytes long/)
    await expect(locateConstant(AGIPD_1M, { ...version, dtype: 'i4' }, 0)).rejects.toThrow(/was i4/)
    await expect(locateConstant(AGIPD_1M, { ...version, dataset: '/P/None/0' }, 0)).rejects.toThrow(/None/)
    await expect(locateConstant(AGIPD_1M, { ...version, path: `${path}x` }, 2)).rejects.toThrow(/missing/)
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.alloc(64, 0xff), 0, 64, 0)
    closeSync(fd)
    await expect(locateConstant(AGIPD_1M, version, 0)).rejects.toMatchObject({ tag: 'constants' })
  })

  it.each([
    'huge',
    'huge-fallback',
  ] as const)('%s: compressed chunks that take too much memory', async name => {
    const file = golden[name]
    await expect(sourcesOf(file, 4)).rejects.toMatchObject({
      tag: 'constants',
      message: expect.stringContaining('chunks (128, 512, 22, 3) take 33 MiB each'),
      place: { file, dataset: `/${EXPECTED.pdu}/Offset/0/data`, module: 4 },
    })
  })

  it('a plane that is not there', async () => {
    const constants = await sourcesOf(golden.contiguous)
    const wanted: PlaneRecipe[] = [{ kind: 'value', calibration: 'Offset', index: 3 }]
    await expect(load({ cells: [0], planes: wanted, constants })).rejects.toMatchObject({ tag: 'constants' })
  })
})
