import { blake2b } from '@noble/hashes/blake2.js'
import { contradictions } from '../../sources/conditions/contradictions.js'
import { readControlData } from '../../sources/conditions/control-data.js'
import { acquisitionRateOf, firstTrain, memoryCellsOf } from '../../sources/conditions/frames.js'
import type { ControlFiles, ControlReader } from '../../sources/conditions/reader.js'
import { knownOf, valueAtStart } from '../../sources/conditions/values.js'

/** What is read of the control device of a quadrant. */
const CYCLE = 'sequencer.cycleLength'
const GAIN_BITS = ['gain.csaFbCap', 'gain.fcfEnCap', 'gain.csaResistor'] as const
/** `Various` where the gain was trimmed pixel by pixel. */
const TRIM = 'gain.irampFineTrm'
/** Its name ends with the gain aimed at: `…_TG2.5.conf`. */
const REGISTERS = 'epcRegisterFilePath'

/**
 * Control data of a DSSC run, from the first quadrant's device that is there (`<domain>/FPGA/PPT_Q1`); memory cells
 * and the checksum of the pulse ids from the frames themselves, the acquisition rate from them where no device has it.
 */
export const readDsscControl: ControlReader = async (folder, _, karaboId) => {
  const quadrant = quadrantDevice(folder, karaboId)
  const control = await readControlData(folder, device =>
    device === quadrant ? { numbers: [CYCLE, ...GAIN_BITS], texts: [TRIM, REGISTERS] } : {},
  )
  const problems = [...control.problems]
  const numberAt = (property: string): number | undefined =>
    quadrant === undefined ? undefined : valueAtStart(control, quadrant, property, problems)
  const textAt = (property: string): string | undefined =>
    quadrant === undefined ? undefined : control.text(quadrant, property)

  const cycle = numberAt(CYCLE)
  const rate = cycle ? 4.5 * (22 / cycle) : undefined
  const gain = encodedGain(GAIN_BITS.map(numberAt), textAt(TRIM))
  return {
    conditionsOf: run => ({
      ...knownOf({
        'Memory cells': { frames: memoryCellsOf(run) },
        'Pulse id checksum': { frames: pulseIdChecksum(firstTrain(run, 'pulseIds')) },
        'Acquisition rate': {
          'control data': rate,
          frames: acquisitionRateOf(run),
        },
        'Target gain': { 'control data': targetGain(textAt(REGISTERS)) },
        'Encoded gain': { 'control data': gain },
      }),
      gainMode: undefined,
      problems: [...problems, ...contradictions(run, { rate })],
    }),
  }
}

/** `SCS_CDIDET_DSSC/FPGA/PPT_Q1` of `SCS_DET_DSSC1M-1`: same instrument, its middle part is the facility's choice. */
function quadrantDevice(folder: ControlFiles, karaboId: string): string | undefined {
  const instrument = karaboId.split('_')[0] ?? ''
  const devices = folder.files.flatMap(file => file.controlSources)
  const quadrants = devices.filter(device => /^[^/]+_DSSC[^/]*\/FPGA[/_]PPT_Q[1-4]$/.test(device))
  return quadrants.filter(device => device.startsWith(`${instrument}_`)).sort()[0]
}

/** The eight bytes of a checksum of the ids (u64), read as an f64; undefined in the rare case that these are not finite. */
export function pulseIdChecksum(pulseIds: readonly number[] | undefined): number | undefined {
  if (pulseIds === undefined) return undefined
  const ids = new DataView(new ArrayBuffer(8 * pulseIds.length))
  pulseIds.forEach((id, i) => {
    ids.setBigUint64(8 * i, BigInt(id), true)
  })
  const digest = blake2b(new Uint8Array(ids.buffer), { dkLen: 8 })
  const value = new DataView(digest.buffer, digest.byteOffset).getFloat64(0, true)
  return Number.isFinite(value) ? value : undefined
}

function targetGain(path: string | undefined): number | undefined {
  const [, gain] = /_TG(\d+(?:\.\d+)?)[^/]*$/.exec(path ?? '') ?? []
  return gain === undefined ? undefined : Number(gain)
}

/** Feedback capacitor, filter capacitor and resistor in a byte each, and bit 32 for a trimmed gain. */
function encodedGain(bits: readonly (number | undefined)[], trim: string | undefined): number | undefined {
  const [feedback, filter, resistor] = bits
  if (feedback === undefined || filter === undefined || resistor === undefined || trim === undefined)
    return undefined
  return feedback + filter * 2 ** 8 + resistor * 2 ** 16 + (trim === 'Various' ? 2 ** 32 : 0)
}
