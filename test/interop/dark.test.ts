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

detector, source, path, pdu, *runs = sys.argv[1:]
raw = [RunDirectory(run)[source, 'image.data'].ndarray() for run in runs]
if detector == 'lpd-parallel':
    # One cell: high, medium and low of each train, one behind the other.
    raw = [raw[0][stage::3] for stage in range(3)]
signals = [r[:, 0].astype('f8') for r in raw]
if detector.startswith('lpd'):
    signals = [(r[:, 0] & 0xfff).astype('f8') for r in raw]
if detector == 'dssc1m':
    signals = [np.where(s == 0, 256, s) for s in signals]
with h5py.File(path, 'r') as f:
    found = {name: f[f'{pdu}/{name}/0/data'][()] for name in f[pdu]}
    dims = {name: [str(d) for d in f[f'{pdu}/{name}/0/data'].attrs['dims']] for name in f[pdu]}
image = lambda name, plane: found[name][:, :, 0, plane].T
result = {'dims': dims, 'trains': [len(r) for r in raw], 'offset': 0, 'noise': 0, 'mean': 0, 'threshold': 0}
for stage, s in enumerate(signals):
    result['offset'] += int((np.median(s, axis=0).astype('f4') != image('Offset', stage)).sum())
    result['noise'] += int((np.std(s, axis=0).astype('f4') != image('Noise', stage)).sum())
if detector == 'agipd1m':
    means = [r[:, 1].astype('f8').mean(axis=0) for r in raw]
    for stage, mean in enumerate(means):
        result['mean'] += int((mean.astype('f4') != image('ThresholdsDark', 2 + stage)).sum())
    for i in range(2):
        midpoint = ((means[i] + means[i + 1]) / 2).astype('f4')
        result['threshold'] += int((midpoint != image('ThresholdsDark', i)).sum())
print(json.dumps(result))
`

let out: string
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'dark-'))
})
afterAll(() => rmSync(out, { recursive: true }))

const STAGES = ['high', 'medium', 'low'] as const
const axes = (last: string) => ['fast_scan', 'slow_scan', 'cell', last]
const DIMS = { Offset: axes('gain'), Noise: axes('gain'), BadPixelsDark: axes('gain') }

test.each([
  {
    ...{ name: 'agipd1m', detector: 'agipd1m', karaboId: 'SPB_DET_AGIPD1M-1', stages: STAGES, trains: 200 },
    dims: { ...DIMS, ThresholdsDark: axes('threshold') },
  },
  { name: 'lpd1m', detector: 'lpd1m', karaboId: 'FXE_DET_LPD1M-1', stages: STAGES, trains: 60, dims: DIMS },
  { name: 'lpd-parallel', detector: 'lpd1m', karaboId: 'FXE_DET_LPD1M-1', trains: 60, dims: DIMS },
  { name: 'dssc1m', detector: 'dssc1m', karaboId: 'SCS_DET_DSSC1M-1', trains: 60, dims: DIMS },
])('constants of $trains trains of $name are those of EXtra-data, numpy and h5py, to the bit', setup => {
  const { name, detector, karaboId, stages = [], trains, dims } = setup
  const detcal = (...args: string[]) => execFileSync('node', [MAIN, ...args], { encoding: 'utf8' })
  const folder = join(out, name)
  const simulate = (run: number, ...args: string[]) => {
    const shape = ['--modules', '2', '--trains', String(trains), '--cells', '1', '--trains-per-file', '90']
    detcal(
      ...['simulate', folder, '--detector', detector, '--kind', 'dark', '--run', String(run)],
      ...shape,
      ...args,
    )
    return join(folder, 'raw', `r000${run}`)
  }
  const parallel = name === 'lpd-parallel' ? ['--parallel-gain'] : []
  const runs =
    stages.length > 0
      ? stages.map((stage, i) => simulate(i + 1, '--gain-stage', stage))
      : [simulate(1, ...parallel)]
  const given = runs.flatMap((run, i) => [`--${stages[i] ?? 'run'}`, run])
  const text = detcal('dark', ...given, '--catalogue', join(folder, 'cat'), '--json')
  const { constants } = JSON.parse(text) as { constants: { path: string; pdu: string }[] }
  const { path, pdu } = constants[0] ?? { path: '', pdu: '' }
  const source = `${karaboId}/DET/2CH0:xtdf`
  const answer = execFileSync(
    '/usr/bin/python3',
    ['-W', 'ignore', '-c', COMPARE, name, source, path, pdu, ...runs],
    { cwd: out, encoding: 'utf8' },
  )
  expect(JSON.parse(answer)).toEqual({
    dims,
    trains: Array.from({ length: stages.length || parallel.length * 3 || 1 }, () => trains),
    ...{ offset: 0, noise: 0, mean: 0, threshold: 0 },
  })
})
