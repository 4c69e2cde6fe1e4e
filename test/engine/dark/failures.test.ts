import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { partOf } from '../../../src/files/parts.js'
import { StoppedError } from '../../../src/model/interruptions.js'
import { writeGoldenRun } from '../../golden/dark/index.js'
import { writeControl } from '../../helpers/exdf.js'
import { characterise, planOf, told, versionsIn } from './dark.js'

let folder: string
let runs: { high: string; medium: string; low: string }
let count = 0
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-dark-'))
  runs = await threeRuns('good')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fresh = (name = 'out') => join(folder, `${name}-${count++}`)

async function threeRuns(name: string, more: Parameters<typeof writeGoldenRun>[2][] = []) {
  const [high = '', medium = '', low = ''] = [
    await writeGoldenRun(join(folder, name), 0, more[0]),
    await writeGoldenRun(join(folder, name), 1, more[1]),
    await writeGoldenRun(join(folder, name), 2, more[2]),
  ]
  return { high, medium, low }
}

/** Names below a catalogue, its database aside. */
const stored = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.startsWith('catalogue.sqlite'))
    .map(({ name }) => name)

describe('runs given for the wrong stage', () => {
  it('are told by the mean raw gain, with the order it would be, and leave no catalogue', async () => {
    const catalogue = fresh()
    const swapped = { high: runs.medium, medium: runs.high, low: runs.low }
    await expect(characterise({ runs: swapped, catalogue })).rejects.toMatchObject({
      tag: 'data',
      message:
        'mean raw gains must rise from stage to stage, but are high 7531, medium 6032, low 9031 ADU: the run given for medium seems to be high, for high seems to be medium',
    })
    expect(existsSync(catalogue)).toBe(false)
  })

  it('are told where one stage was measured twice', async () => {
    const again = await writeGoldenRun(fresh('twice'), 0, { run: 8 })
    await expect(characterise({ runs: { ...runs, medium: again }, catalogue: fresh() })).rejects.toThrow(
      /high 6032, medium 6032, low 9031 ADU: some are of the same stage/,
    )
  })

  it('are refused where one run is given twice, or not those that the detector needs', async () => {
    const catalogue = fresh()
    await expect(planOf({ runs: { ...runs, low: runs.high }, catalogue })).rejects.toThrow(
      /is given for high and for low gain/,
    )
    await expect(planOf({ runs: { run: runs.high }, catalogue })).rejects.toMatchObject({
      tag: 'usage',
      hint: 'Give --high RUN --medium RUN --low RUN, and no other',
    })
  })
})

describe('runs that lack something', () => {
  it('a module without a stage gets no constants and is named, the others do', async () => {
    const place = fresh('runs')
    const all = await threeRuns(place.slice(folder.length + 1))
    for (const stage of [0, 2])
      await writeGoldenRun(place, stage, { module: 9, name: 'RAW-R0001-AGIPD09-S00000.h5' })
    const catalogue = fresh()
    const outcome = await characterise({ runs: all, catalogue })
    expect(outcome.modules.map(({ module }) => module)).toEqual([3])
    expect(told(outcome)).toContain(
      'error dark_stages module 9: not characterised: the medium gain run (r0002) has no frames of it',
    )
    expect(versionsIn(catalogue)).toHaveLength(4)
  })

  it('a single train is too few', async () => {
    const one = await writeGoldenRun(fresh('one'), 1, {}, 1)
    await expect(planOf({ runs: { ...runs, medium: one }, catalogue: fresh() })).rejects.toThrow(
      /no module can be characterised: module 3: not characterised: the medium gain run \(.*\) has 1 train, and noise needs two/,
    )
  })

  it('conditions that differ are refused unless stated', async () => {
    const bias = async (name: string, volts: number) => {
      const path = await writeGoldenRun(fresh(name), 0)
      await writeControl(path, { 'SPB_IRU_AGIPD1M1/FPGA/M_0': { 'highVoltage.target': volts } })
      return path
    }
    const [high, medium] = [await bias('a', 200), await bias('b', 300)]
    const request = { runs: { high, medium, low: runs.low }, catalogue: fresh() }
    await expect(planOf(request)).rejects.toThrow(/Sensor Bias Voltage is 300 V, but 200 V in/)
    const plan = await planOf({ ...request, conditions: { 'Sensor Bias Voltage': '250' } })
    expect(plan.conditions).toMatchObject({ 'Sensor Bias Voltage': 250 })
  })
})

describe('nothing half-written', () => {
  it('is left when it is stopped', async () => {
    const catalogue = fresh()
    const controller = new AbortController()
    const running = characterise(
      { runs, catalogue },
      { signal: controller.signal, onProgress: () => controller.abort() },
    )
    await expect(running).rejects.toThrow(StoppedError)
    expect(existsSync(catalogue)).toBe(false)
  })

  it('is left in a catalogue that refuses one of the modules', async () => {
    const place = fresh('two')
    const two = await threeRuns(place.slice(folder.length + 1))
    for (const stage of [0, 1, 2])
      await writeGoldenRun(place, stage, { module: 9, name: 'RAW-R0001-AGIPD09-S00000.h5' })
    const catalogue = fresh()
    const { beginAt } = await planOf({ runs: two, catalogue })
    const open = SqliteCatalogue.open(catalogue, 'write')
    // The name that module 9 would get belongs to another module at that time.
    open.place({ detector: 'SPB_DET_AGIPD1M-1', module: 5, beginAt, pdu: 'SPB_DET_AGIPD1M-1_M09' })
    open.close()
    await expect(characterise({ runs: two, catalogue })).rejects.toThrow(/cannot be module 9/)
    expect(versionsIn(catalogue)).toEqual([])
    expect(stored(catalogue)).toEqual([])
  })

  it('of a process that was killed is swept by the next, what a living one does is not', async () => {
    const catalogue = fresh()
    const alive = partOf(join(catalogue, '.dark'))
    // No process has this number: Linux ends at 4194304.
    const dead = partOf(join(catalogue, '.dark')).replace(/\d+$/, '4194305')
    for (const path of [dead, alive]) mkdirSync(path, { recursive: true })
    writeFileSync(join(dead, 'module03'), 'half')
    await characterise({ runs, catalogue })
    expect(readdirSync(catalogue).filter(name => name.startsWith('.dark'))).toEqual([basename(alive)])
  })

  it('a module whose file ends early is named, and does not keep the others from theirs', async () => {
    const place = fresh('cut')
    const two = await threeRuns(place.slice(folder.length + 1))
    for (const stage of [0, 1, 2])
      await writeGoldenRun(place, stage, { module: 9, name: 'RAW-R0001-AGIPD09-S00000.h5' })
    const plan = await planOf({ runs: two, catalogue: fresh() })
    const cut = join(two.low, 'RAW-R0001-AGIPD09-S00000.h5')
    truncateSync(cut, statSync(cut).size - 1000)
    const catalogue = fresh()
    const { darkRun } = await import('../../../src/engine/dark/dark-run.js')
    const outcome = await darkRun(plan, { catalogue, software: 'detcal test' })
    expect(outcome.modules.map(({ module }) => module)).toEqual([3])
    expect(outcome.problems).toContainEqual(
      expect.objectContaining({
        check: 'dark_failed',
        severity: 'error',
        message: expect.stringMatching(/changed from/),
      }),
    )
    expect(versionsIn(catalogue)).toHaveLength(4)
    expect(stored(catalogue)).toHaveLength(1)
  })
})

describe('a request', () => {
  it('is refused by the name of what is unknown, or of another type', async () => {
    const request = { runs, catalogue: fresh() }
    const refused = async (more: object) =>
      expect(planOf({ ...request, ...more })).rejects.toMatchObject({ tag: 'usage' })
    await refused({ offsetSgma: 3 })
    await refused({ offsetSigma: '3' })
    await refused({ runs: { ...runs, highest: runs.high } })
    await refused({ beginAt: 'yesterday' })
  })
})

describe('a callback for progress that throws', () => {
  it('is called no more, and costs no constant', async () => {
    let calls = 0
    const catalogue = fresh()
    const onProgress = () => {
      calls++
      throw new Error('no terminal')
    }
    const outcome = await characterise({ runs, catalogue }, { onProgress })
    expect(calls).toBe(1)
    expect(versionsIn(catalogue)).toHaveLength(4)
    expect(told(outcome)).toContain('warning progress_callback : progress was told no further: no terminal')
  })
})

describe('memory', () => {
  it('that does not hold one module is refused, saying what would', async () => {
    const request = { runs, catalogue: fresh(), memory: 2 ** 20 }
    const hint = await planOf(request).then(
      () => '',
      (error: { hint?: string }) => error.hint ?? '',
    )
    const [, needed] = /--memory (\d+)MiB/.exec(hint) ?? []
    const plan = await planOf({ ...request, memory: Number(needed) * 2 ** 20 })
    expect(plan.lanes).toMatchObject({ count: 1 })
    await expect(planOf({ ...request, memory: (Number(needed) - 1) * 2 ** 20 })).rejects.toThrow(
      /do not hold/,
    )
  })
})
