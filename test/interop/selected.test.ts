import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { detcal, failureLines } from '../helpers/command.js'

const SCRIPT = fileURLToPath(new URL('selected-run.py', import.meta.url))
const FINDER = 'SPB_IRU_AGIPD1M1/REDU/LITFRM:output'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-selected-'))
  // In the second run so many pixels leave high gain that they are not listed.
  for (const [run, switched] of [
    [1, 0.004],
    [2, 0.5],
  ]) {
    const simulated = detcal(
      ...['simulate', folder, '--detector', 'agipd1m', '--modules', '0,5', '--trains', '3', '--cells', '8'],
      ...['--trains-per-file', '2', '--lit-every', '3', '--run', `${run}`, '--switched', `${switched}`],
    )
    expect([simulated.status, failureLines(simulated)]).toEqual([0, []])
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

function correct(name: string, ...options: string[]) {
  return correctRun('r0001', name, ...options)
}

function correctRun(run: string, name: string, ...options: string[]) {
  const out = join(folder, name)
  const ended = detcal(
    ...['correct', join(folder, 'raw', run), '--out', out, '--catalogue', join(folder, 'catalogue')],
    ...['--no-sync', ...options],
  )
  return { out, ...ended }
}

/** What EXtra-data has of the selected run, whose frames it holds against those of the whole. */
function read(selected: string, whole: string) {
  return JSON.parse(execFileSync('/usr/bin/python3', [SCRIPT, selected, whole], { encoding: 'utf8' }))
}

test('EXtra-data reads a run of which only lit frames were corrected: each is what it is in the whole', () => {
  const whole = correct('whole')
  expect([whole.status, failureLines(whole)]).toEqual([0, []])
  const dry = correct('dry', '--litframe', 'device', '--dry-run')
  expect([dry.status, failureLines(dry)]).toEqual([0, []])
  expect(dry.stdout).toContain('selected: 9 of 24 frames of the detector')
  expect(dry.stdout).toContain('3 trains, 18 module frames')

  const lit = correct('lit', '--litframe', 'device', '--combined', join(folder, 'lit', 'lit.cxi'))
  expect([lit.status, failureLines(lit)]).toEqual([0, []])
  const pulses = [0, 12, 24]
  expect(read(lit.out, whole.out)).toEqual({
    pulses: { '10001000000': pulses, '10001000001': pulses, '10001000002': pulses },
    // Of trains 0 and 1 in the first file of each module, of train 2 in the second.
    counts: [[3, 3], [3], [3, 3], [3]],
    first: [[0, 3], [0], [0, 3], [0]],
    rows: [6, 3, 6, 3],
    compared: 2 * 9 * 3,
    differing: [],
    combined: { pulseId: [...pulses, ...pulses, ...pulses], same: true },
  })
  const metadata = readFileSync(join(lit.out, 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'), 'utf8')
  expect(metadata).toMatch(/litframe: "device"\n {2}litframe-source: "SPB_IRU_AGIPD1M1\/REDU\/LITFRM:output"/)

  // The same again from what the file says, and narrower by cells and energy.
  const again = correct('again', '--config', join(lit.out, 'calibration_metadata_SPB_DET_AGIPD1M-1.yml'))
  expect([again.status, failureLines(again)]).toEqual([0, []])
  expect(read(again.out, lit.out)).toMatchObject({ compared: 54, differing: [], rows: [6, 3, 6, 3] })
  const cells = correct('cells', '--litframe', 'device', '--energy-threshold', '1', '--cells', '3-7')
  expect(read(cells.out, whole.out)).toMatchObject({ compared: 36, differing: [], rows: [4, 2, 4, 2] })
})

test('what cannot be selected is said before anything is written', () => {
  const refused = (...options: string[]) => {
    const ended = correct('refused', ...options)
    return [ended.status, ...failureLines(ended)]
  }
  expect(refused('--cells', '100-200')).toEqual([
    2,
    expect.stringContaining('no frame of the run is selected by --cells'),
  ])
  expect(refused('--litframe', 'device', '--energy-threshold', '1e9')).toEqual([
    2,
    expect.stringContaining('no frame of the run is selected by --litframe'),
  ])
  expect(refused('--litframe', 'device', '--litframe-source', 'MID_EXP_AGIPD1M1/REDU/LITFRM')).toEqual([
    2,
    expect.stringContaining(`the run has no source MID_EXP_AGIPD1M1/REDU/LITFRM:output. It has ${FINDER}`),
  ])
})

/** What is beside the frames of a corrected run, against numpy on its own data and the monitor's of the RAW run. */
function beside(run: string, proc: string, threshold: number) {
  const script = fileURLToPath(new URL('beside-frames.py', import.meta.url))
  const args = [script, proc, join(folder, 'raw', run), String(threshold)]
  return JSON.parse(execFileSync('/usr/bin/python3', args, { encoding: 'utf8' }))
}

test.each([
  ['listed', 'r0001'],
  ['as planes', 'r0002'],
])('lit pixels are those that numpy counts, and pulses those of the gas monitor: masks %s', (form, run) => {
  const combined = join(folder, `beside-${form}.cxi`)
  const options = ['--litpx', '40', '--pulse-energies', '--pulses', '1:', '--combined', combined]
  const { out, status, ...ended } = correctRun(run, `beside-${form}`, ...options)
  expect([status, failureLines({ ...ended, status })]).toEqual([0, []])
  const found = beside(run, out, 40)
  expect(found).toMatchObject({
    differing: [],
    compared: 2 * 3 * 7,
    keys: 3,
    energies: 2 * 3 * 2,
    dark: 2 * 3 * 5,
  })
  expect(found.lit).toBeGreaterThan(100)
  const read =
    'import h5py,sys,json;e=h5py.File(sys.argv[1])["entry_1"];' +
    'print(json.dumps([e["xgmIndex"][:].tolist(),(e["pulseEnergy"][:]>0).astype(int).tolist(),e["pulseId"][:].tolist()]))'
  const [xgm, lit, pulses] = JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', read, combined], { encoding: 'utf8' }),
  )
  const each = <T>(train: T[]) => [...train, ...train, ...train]
  expect(pulses).toEqual(each([4, 8, 12, 16, 20, 24, 28]))
  expect(lit).toEqual(each([0, 0, 1, 0, 0, 1, 0]))
  // The monitor sees three pulses before the one of frame 0.
  expect(xgm).toEqual(each([-1, -1, 4, -1, -1, 5, -1]))
})

test('hits are the frames that numpy finds by their lit pixels, misses are drawn alike each time', () => {
  const simulated = detcal(
    ...['simulate', folder, '--detector', 'agipd1m', '--modules', '0,5', '--trains', '12', '--cells', '10'],
    ...['--run', '3', '--lit-every', '10'],
  )
  expect([simulated.status, failureLines(simulated)]).toEqual([0, []])
  const script = fileURLToPath(new URL('hits-run.py', import.meta.url))
  const found = (name: string, scaled: string, ...options: string[]) => {
    const args = ['--litpx', '40', '--hits', '--miss-ratio', '2', ...options]
    const { out, ...ended } = correctRun('r0003', name, ...args)
    expect([ended.status, failureLines(ended)]).toEqual([0, []])
    return JSON.parse(execFileSync('/usr/bin/python3', [script, out, '2', scaled], { encoding: 'utf8' }))
  }
  const plain = found('hits', 'plain')
  const equal = { scores: true, thresholds: true, flags: true, pulses: true, both: 0 }
  expect(plain).toMatchObject({ ...equal, misses: 2 * plain.hits.length })
  // All frames with light, and hardly any without.
  expect(plain.hits.filter((pulse: number) => pulse === 0)).toHaveLength(12)
  expect(plain.hits.length).toBeLessThan(18)
  expect(found('hits-again', 'plain', '--workers', '1')).toEqual(plain)
  const scaled = found('hits-scaled', 'scaled', '--pulse-energies', '--scale-hits')
  expect(scaled).toMatchObject({ ...equal, misses: 2 * scaled.hits.length })

  const refused = (...options: string[]) => failureLines(correctRun('r0003', 'refused', ...options))
  expect(refused('--hits')).toEqual([expect.stringContaining('--hits needs --litpx')])
  expect(refused('--hits', '--litpx', '1', '--scale-hits')).toEqual([
    expect.stringContaining('--scale-hits needs'),
  ])
  expect(refused('--litpx', '1', '--no-corr', '--combined', join(folder, 'no.cxi'))).toEqual([
    expect.stringContaining('--litpx is for CORR files'),
  ])
})
