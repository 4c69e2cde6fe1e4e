import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname

/** What numpy makes of runs that EXtra-data reads, against what is in the catalogue, that h5py reads. */
const COMPARE = `
import json, sys
import h5py
import numpy as np
from extra_data import RunDirectory

runs, path, pdu = sys.argv[1:4], sys.argv[4], sys.argv[5]
source = 'SPB_DET_AGIPD1M-1/DET/2CH0:xtdf'
raw = [RunDirectory(run)[source, 'image.data'].ndarray() for run in runs]
with h5py.File(path, 'r') as f:
    found = {name: f[f'{pdu}/{name}/0/data'][()] for name in f[pdu]}
    dims = {name: [str(d) for d in f[f'{pdu}/{name}/0/data'].attrs['dims']] for name in f[pdu]}
image = lambda name, plane: found[name][:, :, 0, plane].T
trains = [len(r) for r in raw]
result = {'dims': dims, 'trains': trains, 'offset': 0, 'noise': 0, 'mean': 0, 'threshold': 0}
means = []
for stage, r in enumerate(raw):
    s = r[:, 0].astype('f8')
    result['offset'] += int((np.median(s, axis=0).astype('f4') != image('Offset', stage)).sum())
    result['noise'] += int((np.std(s, axis=0).astype('f4') != image('Noise', stage)).sum())
    means.append(r[:, 1].astype('f8').mean(axis=0).astype('f4'))
    result['mean'] += int((means[stage] != image('ThresholdsDark', 2 + stage)).sum())
for i in range(2):
    midpoint = ((means[i].astype('f8') + means[i + 1]) / 2).astype('f4')
    result['threshold'] += int((midpoint != image('ThresholdsDark', i)).sum())
print(json.dumps(result))
`

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'dark-'))
})
afterAll(() => rmSync(out, { recursive: true }))

test('constants of 200 trains are those of EXtra-data, numpy and h5py, to the bit', () => {
  const detcal = (...args: string[]) => execFileSync('node', [MAIN, ...args], { encoding: 'utf8' })
  const runs = ['high', 'medium', 'low'].map((stage, i) => {
    const args = [
      '--kind',
      'dark',
      '--gain-stage',
      stage,
      '--run',
      String(i + 1),
      '--trains',
      '200',
      '--cells',
      '1',
    ]
    detcal('simulate', out, '--detector', 'agipd1m', '--modules', '2', '--trains-per-file', '90', ...args)
    return join(out, 'raw', `r000${i + 1}`)
  })
  const [high = '', medium = '', low = ''] = runs
  const text = detcal(
    'dark',
    '--high',
    high,
    '--medium',
    medium,
    '--low',
    low,
    '--catalogue',
    join(out, 'cat'),
    '--json',
  )
  const { constants } = JSON.parse(text) as { constants: { path: string; pdu: string }[] }
  const { path, pdu } = constants[0] ?? { path: '', pdu: '' }
  const answer = execFileSync('/usr/bin/python3', ['-W', 'ignore', '-c', COMPARE, ...runs, path, pdu], {
    cwd: out,
    encoding: 'utf8',
  })
  const axes = (last: string) => ['fast_scan', 'slow_scan', 'cell', last]
  expect(JSON.parse(answer)).toEqual({
    dims: {
      ...{ Offset: axes('gain'), Noise: axes('gain'), BadPixelsDark: axes('gain') },
      ThresholdsDark: axes('threshold'),
    },
    trains: [200, 200, 200],
    ...{ offset: 0, noise: 0, mean: 0, threshold: 0 },
  })
})
