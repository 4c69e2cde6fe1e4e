import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/engine/run/config.js'
import { type CorrectionRequest, checkRequest } from '../../src/engine/run/request.js'
import { stepRequestOf } from '../../src/engine/run/steps-of-request.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { LPD } from '../../src/kits/lpd/index.js'
import { UsageError } from '../../src/model/errors.js'
import { scratch } from '../helpers/exdf.js'

const FACILITY = fileURLToPath(
  new URL('../golden/facility/calibration_metadata_SPB_DET_AGIPD1M-1.yml', import.meta.url),
)

function written(text: string): string {
  const path = join(scratch(), 'options.yml')
  writeFileSync(path, text)
  return path
}

const requestOf = async (text: string) => (await readConfig(written(text))).request
const checked = (request: Partial<CorrectionRequest>) => checkRequest({ run: 'r', out: 'o', ...request })
const commonModeOf = (request: Partial<CorrectionRequest>) =>
  stepRequestOf(checked(request), AGIPD, 0).options.commonMode
const stepsOf = (request: Partial<CorrectionRequest>, kit = AGIPD) =>
  stepRequestOf(checked(request), kit, 0).steps

describe('a request', () => {
  it('is plain JSON with defaults, and the same once it was stored', () => {
    const request = { run: 'raw', out: 'proc', modules: [0, '4-5'], conditions: { 'Memory cells': 352 } }
    expect(checkRequest(request)).toMatchObject({
      ...{ modules: '0,4-5', detector: 'auto', strategy: 'closest', corrected: true },
      ...{ mgHardThreshold: 1000, sigmaMedium: 100, zeroNans: false },
    })
    expect(checkRequest(JSON.parse(JSON.stringify(checkRequest(request))))).toEqual(checkRequest(request))
  })

  it.each([
    [{ out: 'o' }, /^run: expected "run"/],
    [{ run: 'r', out: 'o', mood: 1 }, /^mood: there is no such option/],
    [
      { run: 'r', out: 'o', gainMode: 'best' },
      /^gainMode: expected .*"adaptive" \| "high" .*received "best"/,
    ],
    [{ run: 'r', out: 'o', conditions: { a: true } }, /^conditions\.a: expected/],
    ['correct r', /expected Object but received "correct r"/],
  ])('%j is refused by name', (request, says) => {
    expect(() => checkRequest(request)).toThrow(UsageError)
    expect(() => checkRequest(request)).toThrow(says)
  })
})

describe('presets', () => {
  it('are sets of steps', async () => {
    expect(stepsOf((await readConfig('default')).request)).toEqual(AGIPD.corrections.defaultSteps)
    const { request } = await readConfig('offset-only')
    const first = ['threshold', 'low-medium-gap', 'force-mg-if-below', 'force-hg-if-below']
    expect(stepsOf(request)).toEqual([...first, 'offset', 'mask', 'range'])
    expect(stepsOf(request, LPD)).toEqual(['offset', 'mask', 'range'])
    const { request: production } = await readConfig('production')
    expect(new Set(stepsOf(production))).toEqual(
      new Set([...AGIPD.corrections.defaultSteps, 'common-mode', 'adjust-mg-baseline']),
    )
    expect(commonModeOf(production).count).toBe('nominal')
    expect(commonModeOf({}).count).toBe('present')
  })
})

describe("the facility's parameters", () => {
  it('are read from its metadata file, and what is not built is named with the way to go on', async () => {
    const { request, machine } = await readConfig(FACILITY)
    expect(machine).toEqual({})
    expect(request).toMatchObject({
      ...{ constantsFrom: FACILITY, mgHardThreshold: 1000, hgHardThreshold: 1000, pulses: '0:352:1' },
      switches: { 'set-min': true, 'common-mode': true, 'adjust-mg-baseline': true, 'relative-gain': false },
    })
    for (const absent of ['modules', 'sequences', 'conditions', 'gainMode'])
      expect(request).not.toHaveProperty(absent)
    const { steps: preset } = stepRequestOf(checked({ preset: 'production' }), AGIPD, 0)
    expect(stepsOf(request)).toEqual(preset)
    expect(commonModeOf(request)).toEqual(commonModeOf({ preset: 'production' }))
    const unbuilt = { ...request, switches: { ...request.switches, 'melt-snow': true } }
    const steps = stepsOf(request)
    expect(() => stepsOf(unbuilt)).toThrow('melt-snow is not built yet')
    try {
      stepsOf(unbuilt)
    } catch (error) {
      expect((error as UsageError).hint).toBe(`To go on without, add --steps ${steps.join(',')}`)
    }
  })

  it('work in a file of our own', async () => {
    const request = await requestOf(
      ['rel-gain: true', 'blc-set-min: false', 'hg-hard-threshold: 900', 'mem-cells: 250', 'gain-mode: 1']
        .concat('max-pulses: [0, 100, 2]', "karabo-da: ['AGIPD00', 'AGIPD13']", 'strategy: prior')
        .join('\n'),
    )
    expect(checked(request)).toMatchObject({
      ...{ hgHardThreshold: 900, pulses: '0:100:2', modules: '0,13', strategy: 'prior' },
      conditions: { 'Memory cells': 250, 'Gain mode': 1 },
    })
    expect(stepsOf(request)).toContain('relative-gain')
    expect(stepsOf(request)).not.toContain('set-min')
  })

  it('of LPD work as well', async () => {
    const request = await requestOf(
      [
        'offset-corr: true',
        'rel-gain: true',
        'ff-map: false',
        'gain-amp-map: true',
        'capacitor: 5pf',
        'category: 0',
      ]
        .concat(
          'bias-voltage: 250.0',
          'threshold-sigma-mid: 90',
          'num-workers: 6',
          'combine-parallel-gain: true',
        )
        .join('\n'),
    )
    expect(checked(request)).toMatchObject({ sigmaMedium: 90, conditions: { 'Sensor Bias Voltage': 250 } })
    expect(stepsOf(request, LPD)).toEqual(['offset', 'relative-gain', 'gain-amp-map', 'mask', 'range'])
  })

  it('can switch off all that is behind the offset', async () => {
    const request = await requestOf('only-offset: true\nrel-gain: true\nforce-mg-if-below: false\n')
    expect(stepsOf(request)).toEqual([
      ...['threshold', 'low-medium-gap', 'force-hg-if-below', 'offset', 'mask', 'range'],
    ])
  })

  it('only-offset is a switch, and leaves another preset alone where it is off', async () => {
    expect(await requestOf('preset: production\nonly-offset: false')).toEqual({ preset: 'production' })
    expect(await requestOf('preset: production\nonly-offset: off')).toEqual({ preset: 'production' })
    await expect(requestOf('only-offset: no')).rejects.toThrow('only-offset: expected true or false')
    await expect(requestOf('only-offset: 1')).rejects.toThrow('only-offset: expected true or false')
  })

  it('lit frames, where the facility looks for them in ways that are known', async () => {
    const text = 'use-litframe-finder: device\nlitframe-device-id: A/REDU/LITFRM\nenergy-threshold: 20'
    const lit = { litframe: 'device', litframeSource: 'A/REDU/LITFRM', energyThreshold: 20 }
    expect(await requestOf(text)).toEqual(lit)
    await expect(requestOf('use-litframe-finder: auto')).rejects.toThrow('litframe: expected')
  })

  it.each([
    ['rel-gain-mode: CS', 'rel-gain-mode CS is not built yet'],
    ['xray-gain: true\nff-gain: 7.2', 'ff-gain is not built yet'],
    ['blc-hmatch: true\nmatch-asics: true', 'blc-hmatch and match-asics'],
  ])('%s is named', async (text, says) => {
    const request = await requestOf(text)
    expect(() => stepsOf(request)).toThrow(/not built yet for AGIPD-1M/)
    for (const name of says.split(' and ')) expect(() => stepsOf(request)).toThrow(name)
  })
})

it('options for the machine are apart', async () => {
  const { request, machine } = await readConfig(
    written('workers: 2\nmemory: 8GiB\nzero-nans: true\nsync: false'),
  )
  expect(request).toEqual({ zeroNans: true })
  expect(machine).toEqual({ workers: 2, memory: '8GiB', sync: false })
})

it('constants can be named in a file of our own, by either name', async () => {
  expect(await requestOf('constants-from: F.yml')).toEqual({ constantsFrom: 'F.yml' })
  expect(await requestOf('constantsFrom: F.yml')).toEqual({ constantsFrom: 'F.yml' })
  await expect(requestOf('constants-from: 3')).rejects.toThrow('constants-from: expected string')
  // What an earlier correction used stands in its file.
  const recorded =
    'calibration-configurations: { constants-from: F.yml, zero-nans: true, condition-sources: {} }'
  expect(await requestOf(recorded)).toEqual({ zeroNans: true, conditions: {} })
})

it.each(['toString', 'constructor', 'valueOf', '__proto__'])('%s is no option', async name => {
  await expect(requestOf(`${name}: 3`)).rejects.toThrow('there is no such option')
})

it('what is neither a file nor a preset is told both', async () => {
  await expect(readConfig('nonsense')).rejects.toMatchObject({
    message: expect.stringContaining('--config nonsense cannot be read: ENOENT'),
    hint: expect.stringContaining('default, offset-only, production'),
  })
})

describe('what is off', () => {
  it.each(['off', "''", '-1', '[-1]', 'null', 'false'])('is refused by an unknown name: %s', async value => {
    await expect(requestOf(`moduls: ${value}`)).rejects.toThrow('moduls: there is no such option')
  })

  it('is false for what is true or false', async () => {
    expect(await requestOf('corr: off\nzero-nans: off\nparallel-gain: false')).toEqual({
      ...{ corrected: false, zeroNans: false, parallelGain: false },
    })
    await expect(requestOf('corr: no')).rejects.toThrow('corrected: expected boolean')
  })

  it('is not chosen where it is known, or in the file of a correction', async () => {
    const known = ['modules: -1', 'mem-cells: -1', 'acq-rate: off', 'rel-gain-mode: off', "karabo-da: ['-1']"]
    expect(
      await requestOf([...known, "max-pulses: ''", 'gain-mode: -1', 'cs-mg-adjust: off'].join('\n')),
    ).toEqual({})
    expect(await requestOf("calibration-configurations: { new-step: 'off', newer: -1 }")).toEqual({})
  })
})
