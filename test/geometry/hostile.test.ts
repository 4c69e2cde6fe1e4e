import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readCrystfel } from '../../src/geometry/crystfel.js'
import { crystfelText } from '../../src/geometry/crystfel-text.js'
import { readGeometry } from '../../src/geometry/geometry-file.js'
import { snap } from '../../src/geometry/snap.js'
import { withFile } from '../../src/hdf5/library.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { type GeometryOptions, geometryOf } from '../../src/kits/geometry-of.js'
import { layoutOf } from '../../src/kits/kit.js'
import { LPD } from '../../src/kits/lpd/index.js'
import { DataError, UsageError } from '../../src/model/errors.js'
import { put, scratch } from '../helpers/exdf.js'

const folder = mkdtempSync(join(tmpdir(), 'detcal-hostile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const layout = layoutOf(AGIPD)
const TEXT = crystfelText(layout.fromQuadrants(layout.quadrants), 'AGIPD-1M', 'detcal')

/** Either a geometry that can be drawn, or an error that says why not. */
function tried(text: string): void {
  try {
    const { pixels } = snap(readCrystfel(text, layout.shape))
    const { modules, moduleSlowScan, moduleFastScan } = layout.shape
    const most = modules * moduleSlowScan * moduleFastScan
    expect(pixels.every(index => index >= 0 && index <= most)).toBe(true)
  } catch (error) {
    expect(error).toBeInstanceOf(DataError)
  }
}

describe('hostile text', () => {
  it('of any kind is a geometry or refused', () => {
    fc.assert(fc.property(fc.string({ maxLength: 2000, unit: 'binary' }), tried))
  })

  it('in place of any value of a sound file, too', () => {
    const lines = TEXT.split('\n')
    const value = fc.oneof(
      fc.double().map(String),
      fc.integer().map(String),
      fc.constantFrom('', '-', '+x -y', '1e999', '-64', '512', '0x10', '__proto__', 'NaN', '1x1x1x', '.x'),
      fc.string(),
    )
    const changes = fc.array(fc.tuple(fc.nat(lines.length - 1), value), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(changes, changed => {
        const damaged = [...lines]
        for (const [at, text] of changed) damaged[at] = `${damaged[at]?.split('=')[0]}= ${text}`
        tried(damaged.join('\n'))
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['spaces', ' '.repeat(4e6)],
    ['a number of a million digits', `res = ${'1'.repeat(1e6)}\np0/ss = ${'1'.repeat(1e6)}x`],
    ['a step of a million parts', `p0/ss = ${'+x'.repeat(1e6)}`],
    ['two hundred thousand panels', Array.from({ length: 2e5 }, (_, i) => `p${i}/res = 1\n`).join('')],
    [
      'keys and panels without end',
      Array.from({ length: 2e5 }, (_, i) => `key${i} = 1\np${i}/x = 1\n`).join(''),
    ],
  ])('ends: %s', (_, text) => tried(text))
})

describe('a geometry file', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    ['that is not there', () => {}, /there is no such file/],
    ['that is a folder', path => mkdirSync(path), /is no file/],
    [
      'without end',
      path => {
        writeFileSync(path, '')
        truncateSync(path, 2 ** 30)
      },
      /has 1073741824 bytes, which no geometry file has/,
    ],
    ['of something else', path => writeFileSync(path, 'words'), /it has 0 panels/],
    [
      'of a detector without HDF5 geometry',
      path => writeFileSync(path, '\x89HDF\r\n\x1a\n', 'latin1'),
      /is an HDF5 file, which this detector has no geometry in/,
    ],
  ])('%s is refused by name', async (what, make, message) => {
    const path = join(folder, what)
    make(path)
    const refused = await readGeometry(path, layout).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(DataError)
    expect((refused as DataError).line).toMatch(message)
    expect((refused as DataError).place.file).toBe(path)
  })
})

describe('a damaged HDF5 geometry', () => {
  const lpd = layoutOf(LPD)
  const sound = gunzipSync(readFileSync(new URL('../golden/geometry/lpd-quadrants.h5.gz', import.meta.url)))

  it('is a geometry or refused, whatever bytes are wrong', async () => {
    const path = join(folder, 'damaged.h5')
    const change = fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 40 }), async changes => {
        const bytes = Buffer.from(sound)
        for (const [at, byte] of changes) bytes[at] = byte
        bytes.set(sound.subarray(0, 8))
        writeFileSync(path, bytes)
        const read = await readGeometry(path, lpd).catch((error: unknown) => error)
        if (read instanceof Error) expect(read).toBeInstanceOf(DataError)
        else expect(read).toHaveProperty('tiles.length', 256)
      }),
      { numRuns: 40 },
    )
  })

  /** A geometry of LPD in which one position is `odd`, or absent. */
  const written = async (path: string, odd: Parameters<typeof put>[2] | undefined) => {
    const file = join(scratch(), 'lpd.h5')
    await withFile(file, 'w', h5 => {
      for (const q of [1, 2, 3, 4])
        for (const group of [
          `Q${q}`,
          ...[1, 2, 3, 4].flatMap(m => [`Q${q}/M${m}`, ...tilesOf(`Q${q}/M${m}`)]),
        ]) {
          const position = `${group}/Position`
          if (position !== path) put(h5, position, Float64Array.of(q, 2))
          else if (odd !== undefined) put(h5, position, odd)
        }
    })
    return readGeometry(file, lpd).catch((error: unknown) => error)
  }
  const tilesOf = (module: string) =>
    Array.from({ length: 16 }, (_, i) => `${module}/T${String(i + 1).padStart(2, '0')}`)

  it('is a sound one but for the damage', async () => {
    expect(await written('', undefined)).toHaveProperty('tiles.length', 256)
  })

  it.each<[string, Parameters<typeof put>[2] | undefined, RegExp]>([
    ['Q3/M2/T07/Position', undefined, /Q3\/M2\/T07\/Position: this dataset is missing/],
    ['Q1/M1/Position', Float64Array.of(1), /Q1\/M1\/Position: is f8 \(1\), where x and y are needed/],
    ['Q1/M1/Position', Int32Array.of(1, 2), /Q1\/M1\/Position: is i4 \(2\)/],
    ['Q1/M1/Position', 'here', /Q1\/M1\/Position: is other/],
    ['Q4/Position', Float64Array.of(Number.NaN, 0), /Q4\/Position: is NaN, 0, which is no position/],
    ['Q4/Position', Float64Array.of(0, 1e9), /Q4\/Position: is 0, 1000000000, which is no position/],
  ])('names %s', async (path, odd, message) => {
    const refused = await written(path, odd)
    expect(refused).toBeInstanceOf(DataError)
    expect((refused as DataError).line).toMatch(message)
    expect((refused as DataError).place.file).toMatch(/lpd\.h5$/)
  })
})

describe('geometryOf', () => {
  it.each([
    '',
    '1,2',
    '1,2 3,4 5,6',
    '1,2 3,4 5,6 7,8 9,10',
    '1,2 3,4 5,6 7,',
    '1,2 3,4 5,6 7,x',
    'NaN,0 0,0 0,0 0,0',
    '1e9,0 0,0 0,0 0,0',
  ])('refuses %j for quadrant positions', async quadPositions => {
    const refused = await geometryOf(AGIPD, { quadPositions }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(UsageError)
    expect((refused as UsageError).line).toMatch(
      /is not four positions x,y\. Write them like "-525,625 -550,-10 520,-160 542.5,475": pixels/,
    )
  })

  it('takes what is said, or what the kit says', async () => {
    expect(await geometryOf(AGIPD)).toEqual(layout.fromQuadrants(layout.quadrants))
    const quadPositions = ' -525,625  -550,-10 520,-160 542,475 '
    const positions = [
      [-525, 625],
      [-550, -10],
      [520, -160],
      [542, 475],
    ] as const
    expect(await geometryOf(AGIPD, { quadPositions })).toEqual(layout.fromQuadrants(positions))
    const geometry = join(folder, 'kept.geom')
    writeFileSync(geometry, TEXT)
    const table = async (options: GeometryOptions) =>
      Buffer.from(snap(await geometryOf(AGIPD, options)).pixels.buffer)
    expect((await table({ geometry })).equals(await table({}))).toBe(true)
    expect((await table({ quadPositions })).equals(await table({}))).toBe(false)
    await expect(geometryOf(AGIPD, { geometry, quadPositions })).rejects.toThrow(
      /has positions of all tiles, so none of quadrants can go with it/,
    )
  })

  it('asks for quadrant positions where a file has none', async () => {
    const geometry = join(folder, 'facility.h5')
    const packed = readFileSync(new URL('../golden/geometry/lpd-facility.h5.gz', import.meta.url))
    writeFileSync(geometry, gunzipSync(packed))
    const refused = await geometryOf(LPD, { geometry }).catch((error: unknown) => error)
    expect((refused as DataError).line).toBe(
      `${geometry}: this geometry holds no positions of the quadrants. Give them with --quad-positions.`,
    )
  })

  it('needs a kit that says where pixels are', async () => {
    const { layout: _, ...kit } = AGIPD
    await expect(geometryOf(kit)).rejects.toThrow(/no image of AGIPD-1M can be put together/)
  })
})
