import { readControlData } from '../control-data.js'
import type { RunFolder } from '../run-folder.js'
import { acquisitionRateOf, memoryCellsOf } from './frames.js'
import type { ControlReader, RunConditions } from './reader.js'
import { knownOf, largest, median, steadyValue } from './values.js'

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
    if (domain === undefined) return []
    if (device === composite) return COMPOSITE
    if (device === supply) return SUPPLY_CHANNELS
    return fpgas.includes(device) ? [FPGA_BIAS] : []
  })

  const conditionsOf: Awaited<ReturnType<ControlReader>>['conditionsOf'] = run => {
    const problems: RunConditions['problems'][number][] = []
    const steady = (property: string) =>
      steadyValue(composite, property, control.values(composite, property), problems)
    const gainMode = steady('gainModeIndex')
    const rate = steady('bunchStructure.repetitionRate')
    const values = knownOf({
      'Sensor Bias Voltage': biasVoltage(
        SUPPLY_CHANNELS.map(channel => control.values(supply, channel)),
        fpgas.map(device => control.values(device, FPGA_BIAS)),
      ),
      'Memory cells': largest(control.values(composite, 'bunchStructure.nPulses')) || memoryCellsOf(run),
      'Acquisition rate': rate ? Math.round(rate * 10) / 10 : acquisitionRateOf(run),
      'Gain setting': steady('gain') ?? legacyGainSetting(steady('setupr'), steady('patternTypeIndex')),
      'Gain mode': gainMode,
      'Integration time': steady('integrationTime'),
    })
    const known = gainMode === 0 || gainMode === 1 || gainMode === 2 || gainMode === 3
    return { values, gainMode: known ? gainMode : undefined, problems }
  }
  return { conditionsOf }
}

/** `SPB_IRU_AGIPD1M1` of `SPB_DET_AGIPD1M-1`: same instrument and number, its middle part is the facility's choice. */
function controlDomain(folder: RunFolder, karaboId: string): string | undefined {
  const [, instrument, number] = /^([^_/]+)_[^/]*?AGIPD1M-?(\d)$/.exec(karaboId) ?? []
  const domains = folder.files
    .flatMap(file => file.controlSources)
    .map(device => /^([^/]+_AGIPD1M\d)\/(?:MDL\/FPGA_COMP|FPGA\/M_\d+)$/.exec(device)?.[1])
  return domains.find(
    domain => domain?.startsWith(`${instrument}_`) === true && domain.endsWith(`AGIPD1M${number}`),
  )
}

/** Volts: the first supply channel that is on, else the FPGAs' target; those jump to absurd values at times. */
function biasVoltage(channels: readonly (readonly number[])[], targets: readonly (readonly number[])[]) {
  for (const values of channels) {
    const volts = median(values)
    if (volts !== undefined && volts > 0) return Math.trunc(volts)
  }
  for (const values of targets) {
    const volts = median(values.filter(value => value < 1000))
    if (volts !== undefined && volts > 0) return Math.trunc(volts)
  }
  return undefined
}

/** Gain setting (CDS gain) as older versions of the control device encode it. */
function legacyGainSetting(setup: number | undefined, pattern: number | undefined): number | undefined {
  if (setup === undefined || pattern === undefined) return undefined
  if ((setup === 0 && pattern < 4) || (setup === 32 && pattern === 4)) return 0
  if ((setup === 8 && pattern < 4) || (setup === 40 && pattern === 4)) return 1
  return undefined
}
