import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import type { ImportReport, ImportRequest } from '../../constants/catalogue/import-request.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { verifyCatalogue } from '../../constants/catalogue/verify.js'
import { NewFile } from '../../src/hdf5/create/new-file.js'
import { withFile } from '../../src/hdf5/library.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import { EXPECTED_CHEETAH, unpackCheetah } from '../golden/cheetah/index.js'
import { correct, type GoldenPlace, goldenPlace, readBack } from '../helpers/correction.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
const beginAt = new Date('2018-03-01T12:00:00Z')
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

async function importing(
  root: string,
  file: string,
  more: Partial<ImportRequest> = {},
): Promise<ImportReport> {
  const catalogue = SqliteCatalogue.open(join(folder, root), 'write')
  try {
    const { karaboId: detectorName } = place.golden
    const module = EXPECTED_CHEETAH.module
    const request = { files: [file], detector: AGIPD_1M, detectorName, module, beginAt, ...more }
    return await importConstants(catalogue, request)
  } finally {
    catalogue.close()
  }
}

describe("a file of Cheetah's", () => {
  it("corrects the golden run to numpy's bits", async () => {
    await importing('golden', unpackCheetah(folder))
    const out = join(folder, 'proc')
    const { steps, module } = EXPECTED_CHEETAH
    await correct({ run: place.golden.path, catalogue: join(folder, 'golden'), out, steps })
    const names = readdirSync(out).filter(name => name.endsWith('.h5'))
    const found = names
      .sort()
      .map(async name => (await readBack(join(out, name), place.golden.karaboId, module)).frames)
    expect(await Promise.all(found)).toEqual(EXPECTED_CHEETAH.files)
  })

  it("becomes one in CalCat's layout, that says what it was made of", async () => {
    const { versions, assumed } = await importing('layout', unpackCheetah(folder), { pdu: 'AGIPD_M7' })
    expect(versions.map(({ version }) => version)).toMatchObject([
      { calibration: 'Offset', shape: [3, 3, 512, 128], dtype: 'i2', dataset: '/AGIPD_M7/Offset/0' },
      { calibration: 'ThresholdsDark', shape: [3, 2, 512, 128], dtype: 'u2' },
      { calibration: 'RelativeGain', shape: [3, 3, 512, 128], dtype: 'f4' },
      { calibration: 'BadPixelsDark', dims: ['cell', 'gain', 'slow_scan', 'fast_scan'], dtype: 'u4' },
    ])
    expect(assumed).toEqual([])
    expect(versions[0]?.version.file).toBe('xfel/cal/agipd-type/agipd_m7/cal.1519905600.h5')
    expect(versions[0]?.version.rawData).toMatch(/^Cheetah file of SHA-256 [0-9a-f]{64}$/)
    const catalogue = SqliteCatalogue.open(join(folder, 'layout'))
    for await (const problem of verifyCatalogue(catalogue, [AGIPD_1M])) expect(problem).toBeUndefined()
    catalogue.close()
  })

  it('that is there already is left as it is, whatever it is called', async () => {
    const first = await importing('twice', unpackCheetah(folder))
    const again = await importing('twice', unpackCheetah(folder, 'another.h5'))
    expect(again.versions).toEqual(first.versions.map(({ version }) => ({ version, isNew: false })))
    expect(readdirSync(join(folder, 'twice/xfel/cal/agipd-type'), { recursive: true })).toHaveLength(2)
  })

  it.each([
    ['planes of another number', [2, 3, 512, 128], /\(2, 3, 512, 128\) is not \(3, cells, slow scan/],
    ['another rank', [3, 512, 128], /\(3, 512, 128\) is not \(3, cells/],
    ['pixels the other way round', [3, 2, 128, 512], /fast_scan is 512, not 128/],
  ])('with %s is refused and leaves nothing', async (_, shape, says) => {
    const file = join(folder, 'odd.h5')
    await withFile(file, 'w', root => {
      const length = shape.reduce((product, n) => product * n, 1)
      root.create_dataset({ name: 'AnalogOffset', data: new Int16Array(length), shape })
    })
    await expect(importing('refused', file)).rejects.toMatchObject({
      tag: 'constants',
      message: expect.stringMatching(says),
      place: { file, dataset: expect.any(String) },
    })
    expect(readdirSync(join(folder, 'refused')).filter(name => name === 'xfel')).toEqual([])
  })

  it('of which cells were never written is refused and leaves nothing', async () => {
    const file = join(folder, 'unwritten.h5')
    const unwritten = new NewFile()
    unwritten.declare('AnalogOffset', 'i2', { shape: [3, 2, 512, 128], chunk: [1, 1, 512, 128] })
    unwritten.write(file)
    await expect(importing('refused', file)).rejects.toMatchObject({
      message: expect.stringMatching(/was never written.* for cells 0-1/),
      place: { file, dataset: 'AnalogOffset' },
    })
  })

  it('is asked when it was taken, and of which detector it is', async () => {
    const file = unpackCheetah(folder)
    await expect(importing('asked', file, { beginAt: undefined as never })).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--begin-at') }),
    )
    const dims = ['gain', 'cell', 'slow_scan', 'fast_scan']
    await expect(importing('asked', file, { dims })).rejects.toMatchObject({ tag: 'usage' })
    await expect(importing('asked', file, { detector: LPD_1M })).rejects.toThrow(/fast_scan is 128, not 256/)
  })
})
