import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratch, writeControl, writeModule } from '../helpers/exdf.js'

const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname

function detcal(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

async function smallRun(): Promise<string> {
  const folder = scratch()
  for (const module of [0, 11]) {
    await writeModule(folder, { module, trainIds: [1000, 1001], counts: [4, 2], flags: [1, 0] })
    await writeModule(folder, { module, sequence: 1, trainIds: [1002], counts: [4] })
  }
  await writeControl(folder, { 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP': { gainModeIndex: 1, integrationTime: 12 } })
  return folder
}

describe('detcal inspect', () => {
  test('shows what is in a run', async () => {
    const { status, stdout, stderr } = detcal('inspect', await smallRun())
    expect(stdout).toMatchInlineSnapshot(`
      "detector             AGIPD-1M, SPB_DET_AGIPD1M-1
      proposal             700000
      run                  1
      time                 2023-11-14T22:13:20.000Z
      format               1.2
      trains               3, 1000 to 1002
      suspect              1 by their flag; corrected all the same
      frames               20 of 2 modules, 5.2 MB
      a train              2 to 4 frames
      pulses               0 to 3 (4 different)
      cells                0 to 3 (4 different)
      gain mode            fixed high (control data)
      raw gain             0.00, mean of a frame of module 0
      Sensor Bias Voltage  unknown
      Memory cells         4 (frames)
      Acquisition rate     4.5 MHz (frames)
      Gain setting         unknown
      Integration time     12 (control data)
      Source energy        unknown

      module  sequence  trains  first  last  frames   MB
           0         0       2   1000  1001       6  1.6
           0         1       1   1002  1002       4  1.0
          11         0       2   1000  1001       6  1.6
          11         1       1   1002  1002       4  1.0
      "
    `)
    expect(stderr).toContain('warning: modules 1-10, 12-15: no data in the run')
    expect(status).toBe(0)
  })

  test('for machines, with the same figures', async () => {
    const { status, stdout } = detcal('inspect', await smallRun(), '--json')
    const summary = JSON.parse(stdout) as { problems: unknown[] }
    expect(summary).toMatchObject({
      karaboId: 'SPB_DET_AGIPD1M-1',
      trains: { count: 3, first: 1000, last: 1002, suspect: 1 },
      framesPerTrain: { least: 2, most: 4 },
      gainMode: 'fixed high',
      conditions: {
        'Sensor Bias Voltage': { source: 'unknown' },
        'Memory cells': { value: 4, source: 'frames' },
        'Gain mode': { value: 1, source: 'control data' },
      },
      total: { frames: 20 },
      modules: [{ module: 0, frames: 10, sequences: [{ frames: 6 }, { frames: 4 }] }, { module: 11 }],
    })
    expect(summary.problems).toHaveLength(15)
    expect(status).toBe(0)
  })

  test('exit code 1 for damaged files and for no run, one line each', async () => {
    const folder = await smallRun()
    await writeModule(folder, { module: 5, trainIds: [1000], counts: [4], frames: 1 })
    const { status, stderr } = detcal('inspect', folder)
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^error: .*AGIPD05-S00000.h5, .*INDEX\/\S+\/image, module 5: .*still being copied.*$/m,
    )
    const missing = detcal('inspect', join(folder, 'nowhere'))
    expect(missing).toMatchObject({ status: 1, stdout: '' })
    expect(missing.stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('detcal validate', () => {
  test('a run whose only peculiarities are warnings', async () => {
    const { status, stdout } = detcal('validate', await smallRun())
    expect(stdout.replace(/^\/.*\//gm, '')).toMatchInlineSnapshot(`
      "RAW-R0001-AGIPD00-S00000.h5
        warning  train_flags: INDEX/flag: 1 train is flagged as suspect: 1001
      RAW-R0001-AGIPD11-S00000.h5
        warning  train_flags: INDEX/flag: 1 train is flagged as suspect: 1001
      the run as a whole
        warning  modules_present: SPB_DET_AGIPD1M-1: no files of modules 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15
      5 files checked: 0 errors, 3 warnings
      "
    `)
    expect(status).toBe(0)
  })

  test('errors, skipped by name, as JSON', async () => {
    const folder = await smallRun()
    await writeModule(folder, { module: 5, trainIds: [1000, 1001, 1002], counts: [4, 3, 4] })
    const { status, stdout } = detcal('validate', folder, '--json')
    const { problems } = JSON.parse(stdout) as { problems: { check: string; severity: string }[] }
    expect(problems.filter(({ severity }) => severity === 'error').map(({ check }) => check)).toEqual([
      'pulse_ids_equal',
    ])
    expect(status).toBe(1)
    expect(detcal('validate', folder, '--skip', 'pulse_ids_equal', '--skip', 'modules_present').status).toBe(
      0,
    )
  })

  test('lists its checks; unknown names and nothing to do are usage errors', () => {
    const list = detcal('validate', '-l')
    expect(list.status).toBe(0)
    expect(list.stdout).toMatch(/^train_ids_order +train ids that are not strictly increasing$/m)
    expect(detcal('validate', '.', '--skip', 'nothing')).toMatchObject({ status: 2, stdout: '' })
    expect(detcal('validate').status).toBe(2)
    expect(detcal('validate', '/nowhere').status).toBe(1)
  })
})
