import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname

/** What EXtra-data says of CORR files: read in a fresh process, since it keeps opened files by path. */
const CORRECTED = `
import json, sys
import h5py, numpy as np
from extra_data import RunDirectory, components
folder, name, combined, cxi = sys.argv[1:]
detector = getattr(components, name)(RunDirectory(folder), min_modules=1)
data = detector.get_array('image.data')
gain = detector.get_array('image.gain')
mask = detector.get_array('image.mask')
selected = detector.get_array('image.data', pulses=components.by_id[[8]])
ours, theirs = h5py.File(combined)['entry_1/instrument_1/detector_1'], h5py.File(cxi)['entry_1/instrument_1/detector_1']
equal = [np.array_equal(ours[key][:].view('u1'), theirs[key][:].view('u1')) for key in ('data', 'gain', 'mask')]
print(json.dumps({
    'shape': list(data.shape), 'dims': list(data.dims),
    'dtypes': [str(a.dtype) for a in (data, gain, mask)],
    'pulses': [int(p) for p in data.pulse.values], 'selected': list(selected.shape),
    'bad': float((mask.values != 0).mean()), 'stages': int(gain.values.max()),
    'median': float(np.nanmedian(data.values)), 'equal': equal,
}))
`

const RAW = `
import json, sys
import numpy as np
from extra_data import RunDirectory, components
folder, name, parallel = sys.argv[1:]
more = {'parallel_gain': True} if parallel == 'yes' else {}
detector = getattr(components, name)(RunDirectory(folder), min_modules=1, **more)
data = detector.get_array('image.data')
print(json.dumps({'shape': list(data.shape), 'dims': list(data.dims), 'pulses': [int(p) for p in data.pulse.values]}))
`

function node(...args: string[]): string {
  return execFileSync('node', [MAIN, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

function python(script: string, ...args: string[]): unknown {
  const options = { cwd: tmpdir(), encoding: 'utf8' } as const
  return JSON.parse(execFileSync('/usr/bin/python3', ['-W', 'ignore', '-c', script, ...args], options))
}

const KINDS = [
  { name: 'LPD1M', id: 'lpd1m', image: [256, 256], parallel: false },
  { name: 'LPD1M', id: 'lpd1m', image: [256, 256], parallel: true },
  { name: 'DSSC1M', id: 'dssc1m', image: [128, 512], parallel: false },
] as const

describe.each(KINDS)('$name, parallel gain $parallel', ({ name, id, image, parallel }) => {
  let folder: string
  const at = (...parts: string[]) => join(folder, ...parts)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'detectors-'))
    const size = ['--trains', '4', '--cells', '3', '--modules', '2,11', '--trains-per-file', '3']
    node('simulate', folder, '--detector', id, ...size, ...(parallel ? ['--parallel-gain'] : []))
    const where = ['--out', at('proc'), '--catalogue', at('catalogue'), '--combined', at('run.cxi')]
    node('correct', at('raw', 'r0001'), ...where)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('has no problem for either validator', () => {
    for (const run of [at('raw', 'r0001'), at('proc')]) {
      expect(execFileSync('extra-data-validate', [run], { encoding: 'utf8' })).toContain('No problems found')
      expect(node('validate', run)).toContain('0 errors')
    }
  })

  test('RAW files are read by the component', () => {
    const frames = parallel ? [2, 4, 3, 3] : [2, 4, 3]
    const dims = ['module', 'train', ...(parallel ? ['gain'] : []), 'pulse', 'slow_scan', 'fast_scan']
    expect(python(RAW, at('raw', 'r0001'), name, parallel ? 'yes' : 'no')).toEqual({
      shape: [...frames, ...image],
      dims,
      pulses: [0, 4, 8],
    })
  })

  test('CORR files are read by the component, and their virtual CXI is the combined file', () => {
    execFileSync('extra-data-make-virtual-cxi', [at('proc'), '--min-modules', '1', '-o', at('virtual.cxi')])
    expect(python(CORRECTED, at('proc'), name, at('run.cxi'), at('virtual.cxi'))).toEqual({
      shape: [2, 4, 3, ...image],
      dims: ['module', 'train', 'pulse', 'slow_scan', 'fast_scan'],
      dtypes: ['float32', 'uint8', 'uint32'],
      pulses: [0, 4, 8],
      selected: [2, 4, 1, ...image],
      bad: expect.closeTo(0.0025, 3),
      stages: id === 'dssc1m' ? 0 : 2,
      // Far below the dark level: the offset is gone, the light of the pattern is there.
      median: expect.closeTo(0, -1),
      equal: [true, true, true],
    })
  })
})
