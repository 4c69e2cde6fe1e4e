import { cpSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importConstants } from '../../constants/catalogue/import.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { describeConstants } from '../../constants/files/layout.js'
import { locateConstant } from '../../constants/files/source.js'
import { withFile } from '../../src/hdf5/library.js'
import { findDataset } from '../../src/hdf5/slabs.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { goldenFile } from '../hdf5/direct/golden.js'
import { correct, type GoldenPlace, goldenPlace, readBack } from '../helpers/correction.js'
import { type PutDataset, restore } from '../helpers/restore.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const NAME = 'RAW-R0001-AGIPD04-S00000.h5'
const OTHER = 'RAW-R0001-AGIPD00-S00000.h5'
const SOURCE = 'SPB_DET_AGIPD1M-1/DET/4CH0:xtdf'

/** The datasets at `paths` become links into `sources/original.hdf5` beside the run. */
const linked =
  (paths: readonly string[]): PutDataset =>
  (_, target, path) => {
    if (!paths.includes(path)) return false
    target.create_external_link('../sources/original.hdf5', `/${path}`, path)
    return true
  }

/** A run of two modules, the file of one of which refers to another file. */
async function runWith(name: string, paths: readonly string[]): Promise<{ run: string; source: string }> {
  const run = join(place.folder, name, 'run')
  const source = join(place.folder, name, 'sources', 'original.hdf5')
  mkdirSync(run, { recursive: true })
  mkdirSync(join(source, '..'))
  cpSync(join(place.golden.path, NAME), source)
  cpSync(join(place.golden.path, OTHER), join(run, OTHER))
  await restore(join(place.golden.path, NAME), join(run, NAME), 'contiguous', linked(paths))
  return { run, source }
}

const PLACES = {
  'image data': `INSTRUMENT/${SOURCE}/image/data`,
  'ids of frames': `INSTRUMENT/${SOURCE}/image/cellId`,
  'a copied dataset': `INSTRUMENT/${SOURCE}/header/pulseCount`,
  'an index': `INDEX/${SOURCE}/image/count`,
  trains: 'INDEX/trainId',
  'the version': 'METADATA/dataFormatVersion',
  'the sources': 'METADATA/dataSources/dataSourceId',
}

describe('a RAW file that refers to another', () => {
  it('is read rightly while that is there', async () => {
    const { run } = await runWith('there', Object.values(PLACES))
    const out = `${run}-out`
    await correct({ run, catalogue: place.catalogue, out })
    const found = await readBack(join(out, NAME.replace('RAW', 'CORR')), place.golden.karaboId, 4)
    expect(found.frames).toEqual(place.golden.modules['4']?.[0]?.frames.default)
  })

  it.each(
    Object.entries(PLACES),
  )('for %s, which is gone, fails and is named; the other does not', async (what, path) => {
    const { run, source } = await runWith(what.replaceAll(' ', '-'), [path])
    rmSync(source)
    const { modules, problems } = await openRun(run)
    expect([...modules.keys()]).toEqual([0])
    const errors = problems.filter(({ severity }) => severity === 'error')
    expect(errors).toMatchObject([{ place: { file: join(run, NAME), dataset: path } }])
    expect(errors[0]?.message).toMatch(
      /^external link: its source \.\.\/sources\/original\.hdf5 is not there.*\. Bring/,
    )
  })
})

describe('a file of constants that refers to another', () => {
  const OFFSET = 'Offset/0'

  async function fileOf(name: string, link: 'dataset' | 'group', source?: string) {
    const [constant] = place.golden.constants
    if (!constant) throw new Error('no constants')
    const path = join(place.folder, name, 'cal.1700000000.h5')
    mkdirSync(join(path, '..'))
    const from = source ?? join(place.folder, constant.file)
    await withFile(path, 'w', file => {
      file.create_group(constant.pdu)
      if (link === 'group') {
        file.create_external_link(from, `/${constant.pdu}/Offset`, `${constant.pdu}/Offset`)
        return
      }
      file.create_group(`${constant.pdu}/Offset`)
      file.create_group(`${constant.pdu}/${OFFSET}`)
      file.create_external_link(from, `/${constant.pdu}/${OFFSET}/data`, `${constant.pdu}/${OFFSET}/data`)
    })
    return { path, ...constant }
  }

  async function importing(path: string, pdu: string, module: number) {
    const catalogue = SqliteCatalogue.open(join(place.folder, 'other-catalogue'), 'write')
    const files = [path]
    try {
      await importConstants(catalogue, {
        files,
        detector: AGIPD_1M,
        detectorName: 'SPB_DET_AGIPD1M-1',
        module,
        pdu,
      })
    } finally {
      catalogue.close()
    }
  }

  it.each([
    'dataset',
    'group',
  ] as const)('by a %s is not imported: its checksum would vouch for nothing', async link => {
    const { path, pdu, module } = await fileOf(`constants-${link}`, link)
    await expect(importing(path, pdu, module)).rejects.toMatchObject({
      tag: 'constants',
      place: { file: path, dataset: `/${pdu}/${OFFSET}/data` },
      message: expect.stringMatching(/^its elements lie in another file, .*cal\.\d+(\.\d+)?\.h5$/),
    })
  })

  it('that is not there is not imported, with its name', async () => {
    const { path, pdu, module } = await fileOf('constants-gone', 'group', 'no/such/file.h5')
    await expect(importing(path, pdu, module)).rejects.toThrow(
      /^external link: its source no\/such\/file\.h5 is not there/,
    )
  })

  it('is not loaded where a metadata file names it', async () => {
    const { path, pdu, file } = await fileOf('constants-named', 'dataset')
    const dataset = `/${pdu}/${OFFSET}`
    const [found] = (await describeConstants(join(place.folder, file))).filter(
      ({ calibration }) => calibration === 'Offset',
    )
    const { shape = [], dtype = 'f4' } = found ?? {}
    const version = {
      calibration: 'Offset',
      path,
      dataset,
      shape,
      dtype,
      dims: [],
      size: statSync(path).size,
    }
    await expect(locateConstant(AGIPD_1M, version)).rejects.toThrow(/^its elements lie in another file/)
  })
})

describe('whether a dataset can be read is told without reading it', () => {
  it('where it can', async () => {
    await findDataset(goldenFile('earliest.h5'), 'filters/lzf')
    await findDataset(goldenFile('latest.h5'), 'grow/both')
    await findDataset(goldenFile('crowd_latest.h5'), 'data')
  })
  it('where it cannot', async () => {
    await expect(findDataset(goldenFile('earliest.h5'), 'links/elsewhere')).rejects.toThrow(
      /other\.h5 is not there/,
    )
    await expect(findDataset(goldenFile('earliest.h5'), 'links/nothing')).rejects.toThrow(/no such dataset/)
    await expect(findDataset(goldenFile('crowd_latest.h5'), 'nothing')).rejects.toThrow(/missing/)
  })
})
