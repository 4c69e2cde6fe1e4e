import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { VersionQuery } from '../../constants/catalogue/query.js'
import { selectConstants } from '../../constants/catalogue/query.js'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { DETECTORS } from '../../src/kits/index.js'
import { temporaryFolder } from './folder.js'

/** A catalogue of statements alone: selecting reads no file. */
let catalogue: SqliteCatalogue
const folder = temporaryFolder()

beforeAll(() => {
  catalogue = SqliteCatalogue.open(join(folder, 'catalogue'), 'write')
  // Unit A was module 3, then B; C is module 4; L belongs to another detector.
  const units = [
    ['A', 'SPB_DET_AGIPD1M-1', 3, '2024-01-01'],
    ['B', 'SPB_DET_AGIPD1M-1', 3, '2024-03-01'],
    ['C', 'SPB_DET_AGIPD1M-1', 4, '2024-01-01'],
    ['L', 'FXE_DET_LPD1M-1', 3, '2024-01-01'],
  ] as const
  for (const [pdu, detector, module, begin] of units)
    catalogue.place({ detector, module, beginAt: new Date(begin), pdu })
  const versions: [string, string, string, Record<string, number>][] = [
    ['A', 'Offset', '2024-01-01', { 'Memory cells': 352 }],
    ['A', 'Noise', '2024-01-01', { 'Memory cells': 352 }],
    ['A', 'Offset', '2024-02-01', { 'Memory cells': 4 }],
    ['B', 'Offset', '2024-03-01', { 'Memory cells': 352, 'Gain mode': 0 }],
    ['C', 'Offset', '2024-01-01', {}],
    ['L', 'Offset', '2024-01-01', { 'Memory cells': 512 }],
  ]
  versions.forEach(([pdu, calibration, begin, conditions], i) => {
    catalogue.insert({
      calibration,
      detectorType: pdu === 'L' ? 'lpd-type' : 'agipd-type',
      pdu,
      file: `xfel/cal/${i}.h5`,
      dataset: `/${pdu}/${calibration}/0`,
      beginAt: new Date(begin),
      conditions,
      shape: [128, 512, 4, 3],
      dtype: 'f4',
      dims: ['fast_scan', 'slow_scan', 'cell', 'gain'],
      size: 1,
      sha256: `${i}`,
      rawData: undefined,
    })
  })
})
afterAll(() => catalogue.close())

it.each<[string, VersionQuery, number[]]>([
  ['everything', {}, [1, 2, 3, 4, 5, 6]],
  ['a number', { id: 3 }, [3]],
  ['units that ever were some modules', { modules: [3] }, [1, 2, 3, 4, 6]],
  ['of one detector', { modules: [3], detector: 'SPB_DET_AGIPD1M-1' }, [1, 2, 3, 4]],
  ['of one kind', { detectorType: 'agipd-type' }, [1, 2, 3, 4, 5]],
  ['calibrations', { calibrations: ['Noise', 'SlopesPC'] }, [2]],
  ['no calibration', { calibrations: [] }, []],
  // What is not known of a constant matches everything.
  ['conditions', { conditions: { 'Memory cells': 352 } }, [1, 2, 4, 5]],
  ['conditions that some depend on', { conditions: { 'Gain mode': 1 } }, [1, 2, 3, 5, 6]],
  ['a time', { at: new Date('2024-01-31') }, [2, 3, 5, 6]],
  ['a time, the last before', { at: new Date('2024-01-31'), strategy: 'prior' }, [1, 2, 5, 6]],
  ['the units in place then', { at: new Date('2024-05-01'), modules: [3, 4] }, [4, 5, 6]],
  ['a unit, wherever it is', { at: new Date('2024-05-01'), pdu: 'A' }, [2, 3]],
  [
    'time and conditions',
    { at: new Date('2024-02-01'), conditions: { 'Memory cells': 352 }, modules: [3] },
    [1, 2],
  ],
])('selects %s', (_, selection, ids) => {
  expect(selectConstants(catalogue, DETECTORS, selection).map(({ id }) => id)).toEqual(ids)
})
