import type { Detector } from '../detectors/detector.js'
import type { ModuleIndex } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import { readControlData } from './control-data.js'
import type { ModuleFile, Run } from './run.js'
import type { RunFolder } from './run-folder.js'

export interface RunConditions {
  /** By CalCat's parameter names; what is unknown is absent. */
  readonly values: Readonly<Record<string, number>>
  readonly gainMode: Run['gainMode']
  readonly problems: readonly Problem[]
}

interface RunPart {
  readonly detector: Detector
  readonly karaboId: string
  readonly modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>
}

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
 * Operating conditions of an AGIPD run: from its control devices `<domain>/MDL/FPGA_COMP` and
 * `<domain without its digit>/PSC/HV` (or `<domain>/FPGA/M_<n>`), memory cells and acquisition rate else
 * from the frames themselves.
 */
export async function readConditions(folder: RunFolder, run: RunPart): Promise<RunConditions> {
  const domain = controlDomain(folder, run.karaboId)
  const composite = `${domain}/MDL/FPGA_COMP`
  const supply = `${domain?.replace(/\d$/, '')}/PSC/HV`
  const fpgas = Array.from({ length: run.detector.moduleCount }, (_, module) => `${domain}/FPGA/M_${module}`)
  const control = await readControlData(folder, device => {
    if (domain === undefined) return []
    if (device === composite) return COMPOSITE
    if (device === supply) return SUPPLY_CHANNELS
    return fpgas.includes(device) ? [FPGA_BIAS] : []
  })

  const problems: Problem[] = []
  /** The value all trains share; a warning if they do not, and their median then. */
  const steady = (property: string): number | undefined => {
    const values = control(composite, property)
    const value = median(values)
    if (values.some(other => other !== value)) {
      const message = `${property} changes during the run; its median ${value} is used`
      problems.push({
        check: 'conditions_steady',
        severity: 'warning',
        message,
        place: { dataset: composite },
      })
    }
    return value
  }

  const gainMode = steady('gainModeIndex')
  const rate = steady('bunchStructure.repetitionRate')
  const found: Record<string, number | undefined> = {
    'Sensor Bias Voltage': biasVoltage(
      SUPPLY_CHANNELS.map(channel => control(supply, channel)),
      fpgas.map(device => control(device, FPGA_BIAS)),
    ),
    'Memory cells': largest(control(composite, 'bunchStructure.nPulses')) || cellsOf(run),
    'Acquisition rate': rate ? Math.round(rate * 10) / 10 : rateOf(run),
    'Gain setting': steady('gain') ?? legacyGainSetting(steady('setupr'), steady('patternTypeIndex')),
    'Gain mode': gainMode,
    'Integration time': steady('integrationTime'),
  }
  const known = Object.entries(found).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return {
    values: Object.fromEntries(known),
    gainMode: gainMode === 0 || gainMode === 1 || gainMode === 2 || gainMode === 3 ? gainMode : undefined,
    problems,
  }
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

/** The smallest number of cells the detector is operated with that holds every cell id. */
function cellsOf({ detector, modules }: RunPart): number | undefined {
  let most = -1
  for (const files of modules.values())
    for (const { cellIds, trains } of files)
      for (const { image } of trains)
        for (let row = image.first; row < image.first + image.count; row++)
          most = Math.max(most, cellIds[row] ?? 0)
  return most < 0 ? undefined : detector.cellOptions.find(option => option > most)
}

/** MHz from the smallest distance of pulses in a train, of the first module and train that has two. */
function rateOf({ modules }: RunPart): number | undefined {
  for (const files of modules.values())
    for (const { pulseIds, trains } of files)
      for (const { image } of trains) {
        const pulses = pulseIds.subarray(image.first, image.first + image.count)
        const steps = Array.from(pulses.subarray(1), (pulse, i) => pulse - (pulses[i] ?? 0)).filter(
          s => s > 0,
        )
        if (steps.length > 0) return Math.floor(45 / steps.reduce((a, b) => Math.min(a, b))) / 10
      }
  return undefined
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

/** The lower middle value, so that it is one that occurred. */
function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}
