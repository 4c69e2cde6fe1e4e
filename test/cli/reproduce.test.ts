import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { DSSC_1M } from '../../src/kits/dssc/record.js'
import { LPD_1M } from '../../src/kits/lpd/record.js'
import type { Reproduction } from '../../src/reproduce/outcome.js'
import { unpackDetectorRun } from '../golden/detectors/index.js'
import { EARLIER_BUILD, unpackEarlier } from '../golden/earlier/index.js'
import { detcal, type Ended, failureLines } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace, importGolden } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'
import { addressOfChunk, addressOfFrame, changeByte } from '../helpers/one-byte.js'

const STEPS = ['--steps', 'threshold,offset,relative-gain,set-min,xray-gain,mask,range']

let place: GoldenPlace
let proc: string
beforeAll(async () => {
  place = await goldenPlace()
  proc = join(place.folder, 'proc')
  const out = ['--out', proc, '--catalogue', place.catalogue]
  expect(detcal('correct', place.golden.path, ...out, ...STEPS)).toMatchObject({ status: 0 })
})
afterAll(() => place.remove())

const metadataIn = (folder: string, karaboId = place.golden.karaboId) =>
  join(folder, `calibration_metadata_${karaboId}.yml`)

/** A copy of what was corrected. */
function copy(): string {
  const folder = scratch()
  cpSync(proc, folder, { recursive: true })
  return folder
}

function reproduced(metadata: string, ...options: string[]): { ended: Ended; found: Reproduction } {
  const ended = detcal('reproduce', metadata, '--json', ...options)
  return { ended, found: JSON.parse(ended.stdout) as Reproduction }
}

describe('a correction that is made again gives equal files', () => {
  test('of AGIPD, in a table and in JSON, and leaves nothing behind', () => {
    const out = scratch()
    const ended = detcal('reproduce', metadataIn(proc), '--out', out)
    expect([ended.status, failureLines(ended)]).toEqual([0, []])
    expect(ended.stdout).toMatch(/CORR-R0001-AGIPD04-S00001\.h5 +4 +equal +43 +0\n/)
    expect(ended.stdout).toContain('equal: 6 of 6 files, 258 datasets compared\n')
    expect(readdirSync(out)).toEqual([])
    const { found } = reproduced(metadataIn(proc))
    expect(found).toMatchObject({ equal: true, run: place.golden.path })
    expect(found.files.map(({ file }) => basename(file))).toEqual(
      readdirSync(proc).filter(name => name.endsWith('.h5')),
    )
    // Three float constants and three maps, and no Noise in this catalogue.
    expect(found.constants).toHaveLength(3 * 7)
    expect(new Set(found.constants.map(({ status }) => status))).toEqual(new Set(['equal']))
  })

  test('with selections, limits, maps and a time, once its constants came from a metadata file', () => {
    const out = join(scratch(), 'proc')
    const options = ['--trains', '1:7:2', '--pulses', '1:', '--modules', '0,15', '--hg-hard-threshold', '900']
    const more = ['--bad-pixels', 'ff,cs', '--at', '2024-01-02T00:00:00Z', '--zero-nans', '--steps']
    const steps = 'threshold,force-hg-if-below,offset,mask,range'
    const from = ['--catalogue', place.catalogue]
    const first = join(scratch(), 'first')
    expect(
      detcal('correct', place.golden.path, '--out', first, ...from, ...options, ...more, steps),
    ).toMatchObject({ status: 0 })
    const again = ['--constants-from', metadataIn(first)]
    expect(
      detcal('correct', place.golden.path, '--out', out, ...again, ...options, ...more, steps),
    ).toMatchObject({ status: 0 })
    for (const folder of [first, out]) {
      const { ended, found } = reproduced(metadataIn(folder))
      expect([ended.status, found.equal, found.files.length]).toEqual([0, true, 4])
    }
  })

  test.each([
    ['lpd', LPD_1M, 4],
    ['lpd-parallel', LPD_1M, 2],
    ['dssc', DSSC_1M, 4],
  ] as const)('of %s', async (name, detector, files) => {
    const folder = scratch()
    const golden = unpackDetectorRun(name, folder)
    const catalogue = join(folder, 'catalogue')
    await importGolden(golden, folder, catalogue, detector)
    const out = join(folder, 'proc')
    const from = ['--catalogue', catalogue, '--combined', join(folder, 'run.cxi')]
    expect(detcal('correct', golden.path, '--out', out, ...from)).toMatchObject({ status: 0 })
    const { ended, found } = reproduced(metadataIn(out, golden.karaboId))
    expect([ended.status, found.equal, found.files.length]).toEqual([0, true, files])
  })

  test('where a part was corrected again with other options since', () => {
    const folder = copy()
    const some = ['--modules', '4', '--trains', ':3', '--overwrite', '--steps', 'threshold,offset,mask']
    const again = ['--out', folder, '--catalogue', place.catalogue, ...some]
    expect(detcal('correct', place.golden.path, ...again)).toMatchObject({ status: 0 })
    const { ended, found } = reproduced(metadataIn(folder))
    expect([ended.status, found.equal, found.files.length]).toEqual([0, true, 6])
  })

  test('by an earlier build, but for what later ones say beside: another version is said', () => {
    const metadata = unpackEarlier(scratch())
    const { ended, found } = reproduced(
      metadata,
      ...['--run', place.golden.path, '--catalogue', place.catalogue],
    )
    // Every value is equal. Builds since 2026-12-01 say the unit of image/data in attributes, which that one did not.
    const [file] = found.files
    const units = ['unitSymbol', 'units'].map(name => `its attribute ${name} differs`)
    expect(found).toMatchObject({ madeBy: EARLIER_BUILD, files: [{ datasets: 43 }] })
    expect(file?.differences.map(({ message }) => message)).toEqual(units)
    expect(file?.differences.every(({ dataset }) => dataset.endsWith('/image/data'))).toBe(true)
    expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining(`made by ${EARLIER_BUILD}`) })
  })

  test('where RAW files and constants have moved', () => {
    const folder = copy()
    const [run, catalogue] = [join(folder, 'raw'), join(folder, 'catalogue')]
    cpSync(place.golden.path, run, { recursive: true })
    cpSync(place.catalogue, catalogue, { recursive: true })
    const tree = readFileSync(metadataIn(folder), 'utf8').replaceAll(place.folder, '/nowhere')
    // The writer folds long texts.
    writeFileSync(metadataIn(folder), stringify(parse(tree)).replaceAll(place.folder, '/nowhere'))
    const lost = detcal('reproduce', metadataIn(folder))
    expect(failureLines(lost)).toEqual([expect.stringMatching(/nowhere.*is not there.*State with --run/)])
    expect(lost.status).toBe(1)
    const without = reproduced(metadataIn(folder), '--run', run)
    expect(without.found.files.every(({ status }) => status === 'not reproduced')).toBe(true)
    expect(without.ended).toMatchObject({ status: 1, stderr: expect.stringContaining('with --catalogue') })
    const { ended, found } = reproduced(metadataIn(folder), '--run', run, '--catalogue', catalogue)
    expect([ended.status, found.equal]).toEqual([0, true])
  })
})

describe('one byte changed', () => {
  const NAME = 'CORR-R0001-AGIPD04-S00001.h5'
  const image = `INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/4CH0:output/image`

  test('of image data is named with frame, train, pulse and pixel', () => {
    const folder = copy()
    const file = join(folder, NAME)
    const pixel = 128 * 301 + 77
    changeByte(file, addressOfFrame(file, `${image}/data`, 2) + 4 * pixel)
    const { ended, found } = reproduced(metadataIn(folder))
    expect(ended.status).toBe(1)
    const different = found.files.filter(({ status }) => status !== 'equal')
    expect(different).toMatchObject([
      {
        file,
        module: 4,
        status: 'different',
        differences: [{ dataset: `${image}/data`, elements: 1, first: { index: [2, 301, 77] } }],
      },
    ])
    const [{ train, pulse } = { train: 0, pulse: 0 }] = different.flatMap(({ differences }) =>
      differences.flatMap(({ first }) => first ?? []),
    )
    const text = detcal('reproduce', metadataIn(folder)).stdout
    expect(text).toContain(
      `${NAME}, ${image}/data: 1 of ${393216 * 2} elements differ, first in frame 2 (train ${train}, pulse ${pulse}), slow scan 301, fast scan 77: `,
    )
    expect(text).toContain('not equal: 5 of 6 files')
  })

  test('of a deflated mask is one that cannot be read', () => {
    const folder = copy()
    const file = join(folder, NAME)
    changeByte(file, addressOfChunk(file, `${image}/mask`, 3) + 20)
    const { ended, found } = reproduced(metadataIn(folder))
    expect(ended.status).toBe(1)
    expect(found.files.flatMap(({ differences }) => differences)).toEqual([
      { dataset: `${image}/mask`, message: expect.stringContaining('cannot be read') },
    ])
  })

  test('of a constant is named with file and dataset, and its module alone is not reproduced', () => {
    const catalogue = join(scratch(), 'catalogue')
    cpSync(place.catalogue, catalogue, { recursive: true })
    const folder = copy()
    const moved = stringify(parse(readFileSync(metadataIn(folder), 'utf8')))
    writeFileSync(metadataIn(folder), moved.replaceAll(place.catalogue, catalogue))
    const file = join(catalogue, 'xfel/cal/agipd-type/agipd_siv1_agipdv11_m304/cal.1699000004.4.h5')
    const dataset = '/AGIPD_SIV1_AGIPDV11_M304/Offset/0'
    changeByte(file, addressOfFrame(file, `${dataset}/data`, 7) + 8 * 1000)
    const { ended, found } = reproduced(metadataIn(folder))
    expect(ended.status).toBe(1)
    expect(found.files.map(({ module, status }) => [module, status])).toEqual([
      ...Array(2).fill([0, 'equal']),
      ...Array(2).fill([4, 'not reproduced']),
      ...Array(2).fill([15, 'equal']),
    ])
    const of4 = found.constants.filter(({ status }) => status !== 'equal')
    expect(of4.map(({ module, calibration, status }) => [module, calibration, status])).toEqual(
      expect.arrayContaining([
        ['AGIPD04', 'Offset', 'different'],
        ['AGIPD04', 'SlopesFF', 'beside'],
        ['AGIPD04', 'BadPixelsDark', 'beside'],
      ]),
    )
    expect(new Set(of4.map(({ module }) => module))).toEqual(new Set(['AGIPD04']))
    // Only one of the datasets in the file has changed, and the catalogue's checksums tell where.
    expect(of4.filter(({ status }) => status === 'different')).toMatchObject([{ file, dataset }])
    const said = failureLines(ended).filter(line => line.includes('/Offset/0'))
    expect(said).toEqual([
      expect.stringMatching(
        /^error: .*cal\.1699000004\.4\.h5, \/AGIPD_SIV1_AGIPDV11_M304\/Offset\/0, module 4: Offset is not what was used then: .*checksum of rows \d+ to \d+, cells \d+ to \d+ differs/,
      ),
    ])
  })
})

describe('what is missing', () => {
  test('or was never told is named', () => {
    const folder = copy()
    const [first = '', second = ''] = readdirSync(folder).filter(name => name.endsWith('.h5'))
    rmSync(join(folder, first))
    renameSync(join(folder, second), join(folder, second.replace('S00001', 'S00009')))
    const { ended, found } = reproduced(metadataIn(folder))
    expect(ended.status).toBe(1)
    expect(found.files.map(({ status }) => status)).toEqual(['missing', 'missing', ...Array(4).fill('equal')])
    expect(ended.stderr).toMatch(/S00009\.h5: is not in the metadata file/)
  })

  test.each<[string, (tree: Record<string, unknown>) => void, number, RegExp]>([
    [
      "the facility's file",
      tree => {
        delete tree['detcal-version']
      },
      2,
      /was not written by detcal.*detcal explain/,
    ],
    [
      'a file without CORR files',
      tree => {
        tree['module-outcomes'] = {}
      },
      1,
      /names no CORR file/,
    ],
    [
      'a file whose outcomes are something else',
      tree => {
        tree['module-outcomes'] = { AGIPD00: { sequences: 7 } }
      },
      1,
      /module-outcomes\.AGIPD00\.sequences: expected Array/,
    ],
  ])('%s is one line', (_, change, status, says) => {
    const folder = copy()
    const tree = parse(readFileSync(metadataIn(folder), 'utf8')) as Record<string, unknown>
    change(tree)
    writeFileSync(metadataIn(folder), stringify(tree))
    const ended = detcal('reproduce', metadataIn(folder))
    expect(failureLines(ended)).toEqual([expect.stringMatching(says)])
    expect(ended).toMatchObject({ status, stdout: '' })
  })
})
