import { describe, expect, test } from 'vitest'
import { openRun } from '../../src/sources/run/open-run.js'
import type { Run } from '../../src/sources/run/run.js'
import { type ModuleSpec, scratch, writeControl, writeModule } from '../helpers/exdf.js'

/** Problems beside the modules that these small runs lack. */
const problems = (run: Run) => run.problems.filter(problem => problem.check !== 'modules_present')

const plain: ModuleSpec = { trainIds: [1000, 1001, 1002], counts: [2, 3, 1] }

describe('conditions', () => {
  const COMP = 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP'
  const HV = 'SPB_IRU_AGIPD1M/PSC/HV'

  test('from control data', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    await writeControl(folder, {
      [COMP]: {
        'bunchStructure.nPulses': [352, 350],
        'bunchStructure.repetitionRate': 4.514,
        gain: 1,
        gainModeIndex: 2,
        integrationTime: 15,
      },
      [HV]: { 'channels.U0.voltage': 0, 'channels.U1.voltage': 299.97 },
    })
    const run = await openRun(folder)
    expect(run.conditions).toEqual({
      'Sensor Bias Voltage': 299,
      'Memory cells': 352,
      'Acquisition rate': 4.5,
      'Gain setting': 1,
      'Gain mode': 2,
      'Integration time': 15,
    })
    expect(run.gainMode).toBe(2)
  })

  test('of older and newer devices; a value that changes is named', async () => {
    const folder = scratch()
    await writeModule(folder, plain)
    await writeControl(
      folder,
      {
        [COMP]: { setupr: 40, patternTypeIndex: 4, 'bunchStructure.nPulses': 0, gainModeIndex: [0, 1, 0] },
        'SPB_IRU_AGIPD1M1/FPGA/M_2': { 'highVoltage.target': [5000, 200, 200] },
      },
      [1000, 1001, 1002],
    )
    const run = await openRun(folder)
    expect(run.conditions).toEqual({
      'Sensor Bias Voltage': 200,
      'Memory cells': 4,
      'Acquisition rate': 4.5,
      'Gain setting': 1,
      'Gain mode': 0,
    })
    expect(problems(run)).toMatchObject([{ check: 'conditions_steady', severity: 'warning' }])
  })

  test('from the frames alone, and not from another detector', async () => {
    const folder = scratch()
    await writeModule(folder, { ...plain, pulseIds: [0, 4, 0, 4, 8, 0], cellIds: [0, 31, 0, 1, 2, 32] })
    await writeControl(folder, { 'MID_EXP_AGIPD1M1/MDL/FPGA_COMP': { gainModeIndex: 1 } })
    const run = await openRun(folder)
    expect(run.conditions).toEqual({ 'Memory cells': 64, 'Acquisition rate': 1.1 })
    expect(run.gainMode).toBeUndefined()
  })
})
