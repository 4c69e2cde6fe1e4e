import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname

/** What EXtra-data says of a run: read in a fresh process, since it keeps opened files by path. */
const READ = `
import json, sys
import numpy as np
from extra_data import RunDirectory
from extra_data.components import AGIPD1M
run = RunDirectory(sys.argv[1])
detector = AGIPD1M(run, min_modules=1)
data = detector.get_array('image.data')
# Reading module by module: stacking casts modules' gaps through floats.
raw = {m: run[f'SPB_DET_AGIPD1M-1/DET/{m}CH0:xtdf', 'image.data'].ndarray() for m in (0, 5)}
control = run['SPB_IRU_AGIPD1M1/MDL/FPGA_COMP', 'bunchStructure.nPulses.value'].ndarray()
print(json.dumps({
    'trains': [int(t) for t in run.train_ids],
    'shape': list(data.shape),
    'modules': sorted(int(m) for m in detector.modno_to_source),
    'pulses': [int(p) for p in detector.get_array('image.pulseId')[0, 0].values],
    'control': control.tolist(),
    'sums': {m: [int(f.astype('u8').sum()) for f in frames] for m, frames in raw.items()},
    'signal': float(np.median(raw[0][:, 0])), 'gain': float(np.median(raw[0][:, 1])),
}))
`

describe.each(['0.5', '1.0', '1.2'])('a simulated run of format %s', version => {
  let out: string
  let run: string
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'simulate-'))
    run = join(out, 'raw', 'r0003')
    const args = ['--trains', '5', '--cells', '2', '--modules', '0,5', '--trains-per-file', '3', '--run', '3']
    execFileSync('node', [
      MAIN,
      'simulate',
      out,
      '--detector',
      'agipd1m',
      ...args,
      '--format-version',
      version,
    ])
  })
  afterAll(() => rmSync(out, { recursive: true }))

  test('has no problem for extra-data-validate', () => {
    const text = execFileSync('extra-data-validate', [run], { encoding: 'utf8' })
    expect(text).toContain('No problems found')
  })

  test('is read by AGIPD1M: trains, pulses, modules, control data, frames', () => {
    const text = execFileSync('/usr/bin/python3', ['-W', 'ignore', '-c', READ, run], {
      cwd: out,
      encoding: 'utf8',
    })
    const read = JSON.parse(text)
    expect(read.trains).toEqual([0, 1, 2, 3, 4].map(i => 10_003_000_000 + i))
    expect(read.shape).toEqual([2, 5, 2, 2, 512, 128])
    expect(read.modules).toEqual([0, 5])
    expect(read.pulses).toEqual([0, 4])
    expect(read.control).toEqual([4, 4, 4, 4, 4])
    expect(read.signal).toBeGreaterThan(4500)
    expect(read.signal).toBeLessThan(5500)
    expect(read.gain).toBeGreaterThan(5800)
    expect(read.gain).toBeLessThan(6200)
    // Every frame was written, and none twice.
    const sums = Object.values(read.sums as Record<string, number[]>).flat()
    expect(new Set(sums).size).toBe(20)
  })

  test('and h5dump reads its truth and attributes of constants', () => {
    const listed = execFileSync('find', [join(out, 'catalogue'), '-name', 'cal.*.h5'], { encoding: 'utf8' })
      .trim()
      .split('\n')
    expect(listed).toHaveLength(2)
    const dump = execFileSync('h5dump', ['-A', listed[0]!], { encoding: 'utf8' })
    expect(dump).toContain('"fast_scan", "slow_scan", "cell", "gain"')
  })
})
