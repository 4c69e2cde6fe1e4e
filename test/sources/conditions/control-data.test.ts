import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openRun } from '../../../src/sources/run/open-run.js'
import type { Run } from '../../../src/sources/run/run.js'
import { type ModuleSpec, put, scratch, writeControl, writeModule } from '../../helpers/exdf.js'

const GOLDEN = new URL('../../golden/control/control.h5', import.meta.url).pathname
const plain: ModuleSpec = { trainIds: [1000, 1001], counts: [2, 2] }
const COMP = 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP'
const HV = 'SPB_IRU_AGIPD1M/PSC/HV'

/** Dataset and message of each problem of a check. */
function problemsOf(run: Run, check: string): [string | undefined, string][] {
  return run.problems
    .filter(problem => problem.check === check)
    .map(({ place, message }) => [place.dataset, message])
}

async function runWith(devices: Parameters<typeof writeControl>[1], spec: Partial<ModuleSpec> = {}) {
  const folder = scratch()
  await writeModule(folder, { ...plain, ...spec })
  await writeControl(folder, devices)
  return openRun(folder)
}

describe('control data that h5py has written', () => {
  test('are read property by property: booleans, big-endian numbers, and the others named', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    const path = join(folder, 'RAW-R0001-DA01-S00000.h5')
    copyFileSync(GOLDEN, path)
    const run = await openRun(folder)
    expect(run.conditions).toEqual({
      'Sensor Bias Voltage': 300,
      'Memory cells': 4,
      'Acquisition rate': 4.5,
      'Gain setting': 1,
      'Gain mode': 2,
      'Integration time': 15,
    })
    expect(run.conditionSources).toEqual({
      'Sensor Bias Voltage': 'control data',
      'Memory cells': 'frames',
      'Acquisition rate': 'frames',
      'Gain setting': 'control data',
      'Gain mode': 'control data',
      'Integration time': 'control data',
    })
    expect(run.gainMode).toBe(2)
    const comp = `CONTROL/${COMP}`
    expect(problemsOf(run, 'control_data').sort()).toEqual([
      [`CONTROL/${HV}/channels/U0/voltage/value`, '1 of 2 values are not numbers: left out'],
      [`CONTROL/${HV}/channels/U1/voltage/value`, '2 of 2 values are not numbers: left out'],
      [`${comp}/bunchStructure/nPulses/value`, 'holds text, not numbers: not used'],
      [`${comp}/bunchStructure/repetitionRate/value`, 'has shape (2, 2), expected one value a row: not used'],
      [`${comp}/patternTypeIndex/value`, 'holds compounds, not numbers: not used'],
      [`${comp}/setupr/value`, 'holds bit fields, not numbers: not used'],
      [`RUN/${COMP}/integrationTime/value`, 'holds opaque bytes, not numbers: not used'],
    ])
    const files = run.problems.filter(({ check }) => check === 'control_data').map(({ place }) => place.file)
    expect(new Set(files)).toEqual(new Set([path]))
  })
})

describe('values that change within a run', () => {
  test('by jitter below 1e-5 are one value, by more are named with their spread', async () => {
    const steady = await runWith({
      [COMP]: { 'bunchStructure.repetitionRate': [1.1, 1.100004], integrationTime: [12, 12.00005] },
      [HV]: { 'channels.U0.voltage': [299.9995, 300.0004] },
    })
    expect(problemsOf(steady, 'conditions_steady')).toEqual([])
    expect(steady.conditions).toMatchObject({ 'Acquisition rate': 1.1, 'Sensor Bias Voltage': 300 })

    const changing = await runWith({
      [COMP]: { 'bunchStructure.repetitionRate': [1.1, 1.1002], 'bunchStructure.nPulses': [64, 32] },
      [HV]: { 'channels.U0.voltage': [200, 0] },
    })
    expect(
      problemsOf(changing, 'conditions_steady')
        .map(([, message]) => message)
        .sort(),
    ).toEqual([
      'bunchStructure.nPulses changes during the run, from 32 to 64: 64 is used',
      'bunchStructure.repetitionRate changes during the run, from 1.1 to 1.1002: 1.1 is used',
      'channels.U0.voltage changes during the run, from 0 to 200: 0 is used',
    ])
  })
})

describe('control data that frames contradict', () => {
  test('are used and named: cells beyond those in use, pulses closer than they came', async () => {
    const devices = { [COMP]: { 'bunchStructure.nPulses': 4, 'bunchStructure.repetitionRate': 1.1 } }
    const run = await runWith(devices, { cellIds: [0, 4, 0, 4], pulseIds: [0, 1, 0, 1] })
    expect(run.conditions).toMatchObject({ 'Memory cells': 4, 'Acquisition rate': 1.1 })
    expect(problemsOf(run, 'conditions_agree').map(([, message]) => message)).toEqual([
      expect.stringMatching(/^control data say Memory cells 4, but frames have cell 4: 4 is used/),
      expect.stringMatching(/^control data say Acquisition rate 1.1, but pulse ids show 4.5 MHz/),
    ])
    const fewer = await runWith(devices, { cellIds: [0, 3, 0, 3], pulseIds: [0, 8, 0, 8] })
    expect(problemsOf(fewer, 'conditions_agree')).toEqual([])
  })

  test('a gain mode that there is not is named, and not used', async () => {
    const run = await runWith({ [COMP]: { gainModeIndex: 7 } })
    expect(run.gainMode).toBeUndefined()
    expect(run.conditions).not.toHaveProperty('Gain mode')
    expect(problemsOf(run, 'control_data')).toEqual([
      [COMP, expect.stringMatching(/gainModeIndex 7 is none/)],
    ])
  })
})

test('texts of DSSC that are numbers are named, its other properties read', async () => {
  const device = 'SCS_CDIDET_DSSC/FPGA/PPT_Q1'
  const folder = scratch()
  await writeModule(folder, { ...plain, karaboId: 'SCS_DET_DSSC1M-1', frame: [1, 128, 512] })
  await writeControl(folder, { [device]: { 'sequencer.cycleLength': 22 } })
  const { openLibrary } = await import('../../../src/hdf5/library.js')
  const path = join(folder, 'RAW-R0001-DA01-S00000.h5')
  const file = (await openLibrary()).open(path, 'a')
  put(file, `RUN/${device}/epcRegisterFilePath/value`, Int32Array.of(1))
  file.close()
  const run = await openRun(folder)
  expect(run.conditions).toMatchObject({ 'Acquisition rate': 4.5 })
  expect(run.conditionSources).toMatchObject({ 'Acquisition rate': 'control data', 'Memory cells': 'frames' })
  expect(problemsOf(run, 'control_data')).toEqual([
    [`RUN/${device}/epcRegisterFilePath/value`, 'does not hold strings: not used'],
  ])
})
