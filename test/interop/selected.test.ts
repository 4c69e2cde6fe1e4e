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
  const simulated = detcal(
    ...['simulate', folder, '--detector', 'agipd1m', '--modules', '0,5', '--trains', '3', '--cells', '8'],
    ...['--trains-per-file', '2', '--lit-every', '3'],
  )
  expect([simulated.status, failureLines(simulated)]).toEqual([0, []])
})
afterAll(() => rmSync(folder, { recursive: true }))

function correct(name: string, ...options: string[]) {
  const out = join(folder, name)
  const ended = detcal(
    ...['correct', join(folder, 'raw/r0001'), '--out', out, '--catalogue', join(folder, 'catalogue')],
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
