import type { Problem } from '../../model/problem.js'
import { sameValue } from '../../model/same-value.js'
import { contradictions } from '../../sources/conditions/contradictions.js'
import { readControlData } from '../../sources/conditions/control-data.js'
import { acquisitionRateOf, memoryCellsOf } from '../../sources/conditions/frames.js'
import type { ControlFiles, ControlReader, RunConditions } from '../../sources/conditions/reader.js'
import { knownOf, largest, lowerMedian, steadyValue } from '../../sources/conditions/values.js'

/** Properties of AGIPD's composite control device, and of the two kinds of bias supplies. */
const COMPOSITE = [
  'bunchStructure.nPulses',
  'bunchStructure.repetitionRate',
  'gain',
  'gainModeIndex',
  'integrationTime',
  'setupr',
  'patternTypeIndex',
]
const SUPPLY_CHANNELS = Array.from({ length: 32 }, (_, channel) => `channels.U${channel}.voltage`)
const FPGA_BIAS = 'highVoltage.target'

/**
 * Control data of an AGIPD run: from its devices `<domain>/MDL/FPGA_COMP` and `<domain without its digit>/PSC/HV` (or
 * `<domain>/FPGA/M_<n>`); memory cells and acquisition rate else from the frames themselves.
 */
export const readAgipdControl: ControlReader = async (folder, { moduleCount }, karaboId) => {
  const domain = controlDomain(folder, karaboId)
  const composite = `${domain}/MDL/FPGA_COMP`
  const supply = `${domain?.replace(/\d$/, '')}/PSC/HV`
  const fpgas = Array.from({ length: moduleCount }, (_, module) => `${domain}/FPGA/M_${module}`)
  const control = await readControlData(folder, device => {
    if (domain === undefined) return {}
    if (device === composite) return { numbers: COMPOSITE }
    if (device === supply) return { numbers: SUPPLY_CHANNELS }
    return fpgas.includes(device) ? { numbers: [FPGA_BIAS] } : {}
  })

  const conditionsOf: Awaited<ReturnType<ControlReader>>['conditionsOf'] = run => {
    const problems: RunConditions['problems'][number][] = [...control.problems]
    const steady = (property: string, use?: typeof largest) =>
      steadyValue(composite, property, control.values(composite, property), problems, use)
    const channels = SUPPLY_CHANNELS.map(channel =>
      steadyValue(supply, channel, control.values(supply, channel).map(wholeVolts), problems),
    )
    const targets = fpgas.map(device =>
      lowerMedian(control.values(device, FPGA_BIAS).filter(value => value < 1000)),
    )
    const cells = steady('bunchStructure.nPulses', largest)
    const rate = steady('bunchStructure.repetitionRate')
    const rounded = rate ? Math.round(rate * 10) / 10 : undefined
    const gainMode = knownGainMode(composite, steady('gainModeIndex'), problems)
    const told = knownOf({
      'Sensor Bias Voltage': { 'control data': biasVoltage([...channels, ...targets]) },
      'Memory cells': cells ? { 'control data': cells } : { frames: memoryCellsOf(run) },
      'Acquisition rate': { 'control data': rounded, frames: acquisitionRateOf(run) },
      'Gain setting': {
        'control data': steady('gain') ?? legacyGainSetting(steady('setupr'), steady('patternTypeIndex')),
      },
      'Gain mode': { 'control data': gainMode },
      'Integration time': { 'control data': steady('integrationTime') },
    })
    return { ...told, gainMode, problems: [...problems, ...contradictions(run, { cells, rate: rounded })] }
  }
  return { conditionsOf }
}

/** `SPB_IRU_AGIPD1M1` of `SPB_DET_AGIPD1M-1`: same instrument and number, its middle part is the facility's choice. */
function controlDomain(folder: ControlFiles, karaboId: string): string | undefined {
  const [, instrument, number] = /^([^_/]+)_[^/]*?AGIPD1M-?(\d)$/.exec(karaboId) ?? []
  const domains = folder.files
    .flatMap(file => file.controlSources)
    .map(device => /^([^/]+_AGIPD1M\d)\/(?:MDL\/FPGA_COMP|FPGA\/M_\d+)$/.exec(device)?.[1])
  return domains.find(
    domain => domain?.startsWith(`${instrument}_`) === true && domain.endsWith(`AGIPD1M${number}`),
  )
}

/** Volts: of the first supply channel that is on, else the FPGAs' target; those jump to absurd values at times. */
function biasVoltage(volts: readonly (number | undefined)[]): number | undefined {
  const on = volts.find(value => value !== undefined && value > 0)
  return on === undefined ? undefined : wholeVolts(on)
}

/** Without its fraction, but for one that jitter may have made of a whole number. */
function wholeVolts(volts: number): number {
  const nearest = Math.round(volts)
  return sameValue(volts, nearest) ? nearest : Math.trunc(volts)
}

/** The gain mode if it is one that there is. */
function knownGainMode(
  device: string,
  index: number | undefined,
  problems: Problem[],
): RunConditions['gainMode'] {
  if (index === undefined || index === 0 || index === 1 || index === 2 || index === 3) return index
  const message = `gainModeIndex ${index} is none of 0 (adaptive), 1, 2, 3 (fixed high, medium, low): not used`
  problems.push({ check: 'control_data', severity: 'warning', message, place: { dataset: device } })
  return undefined
}

/** Gain setting (CDS gain) as older versions of the control device encode it. */
function legacyGainSetting(setup: number | undefined, pattern: number | undefined): number | undefined {
  if (setup === undefined || pattern === undefined) return undefined
  if ((setup === 0 && pattern < 4) || (setup === 32 && pattern === 4)) return 0
  if ((setup === 8 && pattern < 4) || (setup === 40 && pattern === 4)) return 1
  return undefined
}
