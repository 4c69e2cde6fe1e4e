import { spawnSync } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { withFile } from '../../src/hdf5/library.js'
import { type GoldenFile, unpackGoldenConstants } from '../golden/constants/index.js'
import { temporaryFolder } from './folder.js'

const folder = temporaryFolder()
const catalogue = join(folder, 'catalogue')
let golden: Record<GoldenFile, string>
beforeAll(() => {
  golden = unpackGoldenConstants(folder)
})

function detcal(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['dist/src/cli/main.js', 'constants', ...args],
    {
      encoding: 'utf8',
    },
  )
  return { status, stdout, stderr }
}

const common = ['--catalogue', catalogue]
const module3 = [...common, '--detector', 'SPB_DET_AGIPD1M-1', '--module', '3']

it('imports, lists, shows and verifies', () => {
  const nameless = detcal('import', golden.contiguous, ...module3)
  expect(nameless).toMatchObject({ status: 1, stdout: '' })
  expect(nameless.stderr).toContain('--begin-at')
  expect(nameless.stderr.trim().split('\n')).toHaveLength(1)

  const named = join(folder, 'cal.1738172761.3822575.h5')
  renameSync(golden.contiguous, named)
  const conditions = ['--condition', 'memory cells=4', '--condition', 'Gain mode=0']
  const imported = detcal(
    'import',
    named,
    golden.chunked,
    ...module3,
    ...conditions,
    '--begin-at',
    '2025-01-29T18:36:06',
  )
  expect(imported).toMatchObject({ status: 0 })
  expect(imported.stderr).toMatch(/Mean.*not imported/)
  expect(imported.stdout.trim().split('\n')).toHaveLength(9)
  expect(
    detcal('import', golden.chunked, ...module3, '--begin-at', '2025-01-29T18:36:06Z', ...conditions).stdout,
  ).toMatch(/was there/)

  const listed = detcal('list', ...common, '--calibration', 'Offset', '--module', '3', '--json')
  const [offset] = JSON.parse(listed.stdout) as Record<string, unknown>[]
  expect(offset).toMatchObject({
    calibration: 'Offset',
    beginAt: '2025-01-29T18:36:06.000Z',
    modules: ['SPB_DET_AGIPD1M-1/3'],
    conditions: { 'Memory cells': 4, 'Gain mode': 0 },
  })
  expect(
    detcal('list', ...common)
      .stdout.trim()
      .split('\n'),
  ).toHaveLength(9)
  expect(detcal('list', ...common, '--module', '4').stdout).toBe('no constants\n')

  const shown = detcal('show', String(offset?.['id']), ...common, '--json')
  const [{ planes }] = JSON.parse(shown.stdout) as [{ planes: { values: number; notFinite: number }[] }]
  expect(planes).toHaveLength(3)
  expect(planes[0]).toMatchObject({ values: 131072, notFinite: 27, range: { min: 4000 } })
  expect(detcal('show', ...common, '--calibration', 'BadPixelsDark').stdout).toMatch(/USER2 \d+/)
  expect(detcal('show', '99', ...common)).toMatchObject({ status: 1, stdout: '' })

  expect(detcal('verify', ...common)).toMatchObject({ status: 0, stdout: '2 files, 0 errors, 0 warnings\n' })
  rmSync(join(catalogue, JSON.parse(listed.stdout)[0].file))
  const damaged = detcal('verify', ...common)
  expect(damaged.status).toBe(1)
  expect(damaged.stdout).toMatch(/^error: .*the file is missing; constants 1, 2, 3 need it/)
})

it('axes that the shape does not tell are asked for', () => {
  const args = ['import', golden['image-order'], ...common, '--detector', 'agipd1m', '--module', '5']
  const wrong = detcal(...args, '--begin-at', '2024-01-01', '--dims', 'gain,slow_scan,cell,fast_scan')
  expect(wrong.status).toBe(1)
  expect(wrong.stderr).toMatch(/slow_scan is 2, not 512/)
})

it('exports, and imports again what the files state themselves', () => {
  const beginAt = ['--begin-at', '2025-01-29T18:36:06.125']
  const from = ['--catalogue', join(folder, 'a')]
  const named = ['--detector', 'SPB_DET_AGIPD1M-1', '--module', '3', '--condition', 'Memory cells=4']
  expect(detcal('import', golden.chunked, ...from, ...named, ...beginAt).status).toBe(0)
  const out = join(folder, 'export')
  const which = ['--detector', 'agipd1m', '--modules', '2-3', '--calibrations', 'slopespc,BadPixelsPC']
  const exported = detcal(
    'export',
    ...from,
    '--out',
    out,
    ...which,
    '--condition',
    'memory cells=4',
    '--json',
  )
  expect(exported).toMatchObject({ status: 0, stderr: '' })
  const { files: written } = JSON.parse(exported.stdout) as { files: { file: string; versions: object[] }[] }
  expect(written).toMatchObject([
    { versions: [{ calibration: 'BadPixelsPC' }, { calibration: 'SlopesPC' }], isNew: true },
  ])
  const again = detcal('export', ...from, '--out', out, ...which)
  expect(again.stdout).toMatch(
    /^file +module +constants\n\S+cal\.1738175766\.125\.h5 .*SlopesPC +was there\n$/,
  )
  expect(detcal('export', ...from, '--out', out, '--module', '5')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/no constant matches the selection\. List those there are/),
  })

  const to = ['--catalogue', join(folder, 'b')]
  expect(detcal('import', golden.chunked, ...to, ...beginAt)).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/chunked\.h5: neither it nor the options say of which module it is/),
  })
  expect(detcal('import', join(out, written[0]!.file), ...to)).toMatchObject({ status: 0, stderr: '' })
  const [first, second] = [from, to].map(at => {
    const { stdout } = detcal('list', ...at, '--calibration', 'SlopesPC', '--json')
    const [{ id, file, path, size, sha256, created, ...known }] = JSON.parse(stdout)
    return known
  })
  expect(second).toEqual(first)
})

it('axes that are assumed are said', async () => {
  // Square pixels, and no dims.
  const path = join(folder, 'cal.1600000000.h5')
  await withFile(path, 'w', file => {
    const group = file.create_group('P').create_group('GainAmpMap').create_group('0')
    group.create_dataset({ name: 'data', data: new Float32Array(256 * 256 * 2), shape: [256, 256, 2] })
  })
  const args = ['import', path, '--detector', 'lpd1m', '--module', '6', '--catalogue']
  const { status, stderr } = detcal(...args, join(folder, 'lpd'))
  expect(status).toBe(0)
  expect(stderr).toMatch(
    /^warning: .*\/P\/GainAmpMap\/0: taken as \(slow_scan, fast_scan, cell\), which neither its dims nor its shape tell\. State it with --dims/,
  )
  const stated = detcal(...args, join(folder, 'lpd2'), '--dims', 'fast_scan,slow_scan,cell', '--json')
  expect(stated).toMatchObject({ status: 0, stderr: '' })
  expect(JSON.parse(stated.stdout)).toMatchObject({
    versions: [{ dims: ['fast_scan', 'slow_scan', 'cell'] }],
    assumed: [],
  })
})

it('axes are stated for each calibration', () => {
  const args = ['import', golden.fallback, ...common, '--detector', 'agipd1m', '--module', '6']
  const names = 'fast_scan,slow_scan,cell,gain'
  const stated = [...args, '--begin-at', '2024-01-01', '--dims', `Offset=${names}`]
  expect(detcal(...stated, '--dims', 'Mood=a')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--dims: AGIPD-1M has no calibration "Mood"/),
  })
  expect(detcal(...stated, '--dims', 'a', '--dims', 'b').status).toBe(2)
  const wrong = detcal(...stated, '--dims', 'BadPixelsDark=gain,slow_scan,cell,fast_scan')
  expect(wrong).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/BadPixelsDark.* is not \(gain, slow/),
  })
  expect(detcal(...stated, '--dims', `BadPixelsDark=${names}`)).toMatchObject({ status: 0, stderr: '' })
})

it('mistakes in options are usage errors', () => {
  const untimed = ['import', golden.chunked, ...module3]
  const args = [...untimed, '--begin-at', '2024-01-01']
  expect(detcal(...args, '--condition', 'Memory sells=4').status).toBe(2)
  expect(detcal(...args, '--condition', 'Memory cells').status).toBe(2)
  expect(detcal(...untimed, '--begin-at', 'yesterday').status).toBe(2)
  expect(detcal('import', golden.chunked, ...common, '--detector', 'LPD', '--module', '1').status).toBe(2)
  expect(detcal('import', golden.chunked, '--module', '1').status).toBe(2)
  expect(detcal().status).toBe(2)
  expect(detcal('list', '--catalogue', join(folder, 'none')).status).toBe(1)
  expect(detcal('list', ...common, '--module', '16').status).toBe(2)
  expect(detcal('list', ...common, '--calibration', 'Offset,Mood').status).toBe(2)
  expect(detcal('list', ...common, '--condition', 'Mood=5').status).toBe(2)
  expect(detcal('export', ...common).status).toBe(2)
})
