import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AGIPD_DEFAULT_STEPS } from '../../src/kits/agipd/steps.js'
import { type GoldenChain, type GoldenRun, readGolden } from '../golden/run/index.js'
import { detcal, failureLines } from '../helpers/command.js'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

function python<T>(script: string, ...args: string[]): T {
  return JSON.parse(
    execFileSync('/usr/bin/python3', [here(script), ...args], { encoding: 'utf8', maxBuffer: 64 << 20 }),
  ) as T
}

/** Runs a program of EXtra-data; its output, whatever its exit status. */
function tool(name: string, ...args: string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

// Every pixel random, another seed than the committed run's, and longer: written by h5py, computed by numpy.
const MODULES = [2, 7, 12]
let folder: string
let golden: GoldenRun
let catalogue: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-corrected-'))
  tool(
    '/usr/bin/python3',
    here('../golden/run/make_run.py'),
    '--random',
    folder,
    '--seed',
    '77',
    '--trains',
    '12',
    '--modules',
    MODULES.join(),
    '--chains',
    'default,gain,baseline,high',
  )
  golden = readGolden(folder)
  catalogue = join(folder, 'catalogue')
  for (const { module, pdu, file, begin } of golden.constants) {
    const begins = new Date(begin * 1000).toISOString()
    const ended = detcal(
      ...['constants', 'import', join(folder, file), '--catalogue', catalogue, '--detector', golden.karaboId],
      ...['--module', String(module), '--pdu', pdu, '--begin-at', begins],
    )
    expect([ended.status, failureLines(ended)]).toEqual([0, []])
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Corrects the golden run with one of its chains; the folder of the CORR files. */
function correct(chain: GoldenChain, ...options: string[]): string {
  const proc = join(folder, `proc-${chain}-${options.join('').replaceAll(/\W/g, '')}`.slice(0, 100))
  const { steps, gainMode } = golden.chains[chain]
  const ended = detcal(
    ...['correct', join(folder, 'raw', 'r0001'), '--out', proc, '--catalogue', catalogue, ...options],
    ...['--steps', [...AGIPD_DEFAULT_STEPS, ...steps].join(), '--gain-mode', gainMode],
  )
  expect([ended.status, failureLines(ended)]).toEqual([0, []])
  return proc
}

describe('a random run, corrected by the command', () => {
  test.each<[GoldenChain, ...string[]]>([
    ['default', '--workers', '1'],
    ['default', '--workers', '4', '--memory', '160MiB'],
    ['gain', '--workers', '2'],
    ['baseline', '--workers', '2'],
    ['high', '--workers', '3', '--no-sync'],
  ])('%s chain with %s %s %s %s is bit for bit what numpy says', (chain, ...options) => {
    const proc = correct(chain, ...options.filter(option => option !== undefined))
    const { frames, differing } = python<{ frames: number; differing: string[] }>(
      'compare-golden.py',
      folder,
      chain,
      proc,
    )
    expect(differing).toEqual([])
    expect(frames).toBeGreaterThan(80)
  })
})

describe('EXtra-data', () => {
  let proc: string
  let combined: string
  beforeAll(() => {
    combined = join(folder, 'run.cxi')
    proc = correct('default', '--combined', combined)
  })

  test('finds no problem', () => {
    expect(tool('extra-data-validate', proc)).toMatch(/No problems found/)
  })

  test('reads the same as h5py does, by train and pulse, and masks', () => {
    const found = python<Record<string, unknown>>('corrected-run.py', 'read', proc)
    expect(found).toMatchObject({
      trains: golden.trainIds,
      modules: MODULES,
      dims: ['module', 'train', 'pulse', 'slow_scan', 'fast_scan'],
      dtypes: { data: 'float32', gain: 'uint8', mask: 'uint32' },
      differing: [],
      masked: true,
    })
    const frames = Object.values(golden.modules)
      .flat()
      .reduce((sum, file) => sum + file.cellIds.length, 0)
    expect(found['compared']).toBe(frames)
    expect(found['bad']).toBeGreaterThan(0)
  })

  test('makes a virtual CXI that equals the combined file in every bit', () => {
    const virtual = join(folder, 'virtual.cxi')
    tool('extra-data-make-virtual-cxi', proc, '--min-modules', '1', '-o', virtual)
    const found = python<Record<string, unknown>>('corrected-run.py', 'cxi', combined, virtual)
    expect(found).toMatchObject({ virtual: true, ours: false, differing: [] })
    const image = 'entry_1/instrument_1/detector_1'
    expect(found['compared']).toEqual(
      expect.arrayContaining([
        'cxi_version',
        ...['cellId', 'experiment_identifier', 'pulseId', 'trainId'].map(name => `entry_1/${name}`),
        ...['data', 'gain', 'mask', 'module_identifier'].map(name => `${image}/${name}`),
      ]),
    )
    const [frames, missing] = [Number(found['frames']), Number(found['missing'])]
    expect(missing).toBeGreaterThan(13 * frames)
    // What is missing is not stored.
    expect(found['chunks']).toEqual(Array(3).fill(16 * frames - missing))
  })

  test('and EXtra find in the metadata which constants were used', () => {
    const file = readdirSync(proc).find(name => name.endsWith('.yml')) ?? ''
    expect(file).toBe('calibration_metadata_SPB_DET_AGIPD1M-1.yml')
    const { karaboId, constants } = python<{ karaboId: string; constants: Record<string, object> }>(
      'corrected-run.py',
      ...['yaml', join(proc, file)],
    )
    expect(karaboId).toBe(golden.karaboId)
    expect(Object.keys(constants)).toEqual(
      expect.arrayContaining(MODULES.map(m => `AGIPD${String(m).padStart(2, '0')} Offset`)),
    )
    for (const constant of Object.values(constants))
      expect(constant).toMatchObject({
        kinds: { ccv_id: 'int', 'creation-time': 'str', dataset: 'str', path: 'str', dims: 'list' },
        pdu: expect.stringMatching(/^AGIPD_SIV1_AGIPDV11_M3\d\d$/),
      })
  })
})

describe("EXtra-data's mock runs are corrected", () => {
  let constants: string
  beforeAll(() => {
    const simulated = join(folder, 'simulated')
    const { status } = detcal(
      'simulate',
      simulated,
      '--detector',
      'agipd1m',
      '--modules',
      '0,15',
      '--trains',
      '1',
      '--cells',
      '2',
    )
    expect(status).toBe(0)
    constants = join(simulated, 'catalogue')
  })

  test.each(['0.5', '1.0', '1.2'])('of format %s', version => {
    const raw = join(folder, `mock-${version}`)
    mkdirSync(raw)
    tool(
      '/usr/bin/python3',
      '-c',
      `from extra_data.tests.make_examples import make_spb_run as m; m('${raw}', format_version='${version}')`,
    )
    const proc = join(folder, `mock-proc-${version}`)
    const ended = detcal(
      ...[
        'correct',
        raw,
        '--out',
        proc,
        '--catalogue',
        constants,
        '--modules',
        '0,15',
        '--pulses',
        ':3',
        '--trains',
        ':10',
      ],
      // Mock frames have 64 cells and no control data, these constants have 2.
      ...['--condition', 'Memory cells=4', 'Acquisition rate=1.1', '--at', '2026-01-01', '--json'],
    )
    // The mock files count frames whose chunks nobody wrote.
    const neverWritten = (module: number) =>
      expect.stringMatching(
        new RegExp(`^error: .*, module ${module}, train 10000: 30 frames .* were never written`),
      )
    expect(failureLines(ended)).toEqual([
      neverWritten(0),
      neverWritten(15),
      expect.stringMatching(
        /^error: modules 0, 15: no constants for cell 2: their frames are NaN with mask bit 3/,
      ),
    ])
    expect(ended.status).toBe(1)
    expect(JSON.parse(ended.stdout)).toMatchObject({ frames: 2 * 10 * 3 })
    expect(readdirSync(proc).filter(name => name.endsWith('.h5'))).toEqual([
      'CORR-R0238-AGIPD00-S00000.h5',
      'CORR-R0238-AGIPD15-S00000.h5',
    ])
    expect(tool('extra-data-validate', proc)).toMatch(/No problems found/)
    const found = python<Record<string, unknown>>('corrected-run.py', 'read', proc)
    expect(found).toMatchObject({ modules: [0, 15], differing: [], compared: 60 })
  })
})
