import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { notAFile } from '../../files/regular.js'
import { isDetcalError, UsageError } from '../../model/errors.js'
import { shaped } from '../../model/shape.js'
import { DEVICE_USES } from '../contract/device.js'
import { CONDITIONS, isIgnored, isNotBuilt, isOff, OPTIONS, own, stepOf } from './facility-names.js'
import { type CorrectionRequest, checkRequest, PRESETS, REQUEST_OPTIONS } from './request.js'

/** What a file of options says: a part of a request, and what may be used of the machine. */
export interface Config {
  readonly request: Partial<CorrectionRequest>
  readonly machine: v.InferOutput<typeof MACHINE>
  /** What the file says besides, under names that the caller knows. */
  readonly besides?: Table
}

type Table = Readonly<Record<string, unknown>>

const AMOUNT = v.pipe(v.union([v.string(), v.number()]), v.transform(String))
const MACHINE = v.object({
  workers: v.optional(v.number()),
  memory: v.optional(AMOUNT),
  constantsCache: v.optional(v.string()),
  constantsCacheSize: v.optional(AMOUNT),
  overwrite: v.optional(v.boolean()),
  sync: v.optional(v.boolean()),
  device: v.optional(v.picklist(DEVICE_USES)),
})

/** Options that are true or false; the others have a text or number for what is not chosen. */
const FLAGS: readonly string[] = [
  'corrected',
  'pulseEnergies',
  'hits',
  'scaleHits',
  'parallelGain',
  'zeroNans',
  'zeroOrange',
] satisfies (keyof CorrectionRequest)[]

export const MACHINE_OPTIONS = Object.keys(MACHINE.entries) as readonly (keyof Config['machine'])[]

/**
 * The options that `source` means: a preset, a YAML file of options by their names on the command line or at the
 * facility, or the metadata file of a correction, detcal's or the facility's, whose constants are then used too.
 * @param besides names in the file that are no options of a correction, but the caller's.
 * @throws UsageError naming the file, and the option in it that is unknown or of another type.
 */
export async function readConfig(source: string, besides: readonly string[] = []): Promise<Config> {
  const preset = PRESETS.find(name => name === source)
  if (preset !== undefined) return { request: { preset }, machine: {} }
  const place = { file: source }
  const table = tableOf(await parsed(source))
  if (table === undefined)
    throw new UsageError('is not a table of options: write one a line, such as "modules: 0-3"', { place })
  const recorded = tableOf(table['calibration-configurations'])
  try {
    if (recorded === undefined)
      return {
        ...configOf(filtered(table, name => !besides.includes(name))),
        besides: filtered(table, name => besides.includes(name)),
      }
    const request = { ...ofFacility(recorded), ...requestOf(chosen(recorded), true) }
    const { 'time-summary': _, ...modules } = tableOf(table['retrieved-constants']) ?? {}
    const named = Object.keys(modules).length > 0
    return { request: { ...request, ...(named && { constantsFrom: source }) }, machine: {} }
  } catch (error) {
    if (!isDetcalError(error, 'usage')) throw error
    throw new UsageError(error.message, { place, ...(error.hint !== undefined && { hint: error.hint }) })
  }
}

async function parsed(file: string): Promise<unknown> {
  // Few runs need the parser, which takes long to load.
  const { parse } = await import('yaml')
  const what = notAFile(file)
  if (what !== undefined) throw new UsageError(`--config ${file} ${what}`, { hint: 'Give a file of options' })
  try {
    return parse(readFileSync(file, 'utf8'), { logLevel: 'error' })
  } catch (error) {
    const [reason] = (error as Error).message.split(/,|:?\n/)
    const hint = `Give a file of options, or one of ${PRESETS.join(', ')}`
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new UsageError(`--config ${file} cannot be read: ${reason}`, absent ? { hint } : {})
  }
}

function configOf(table: Table): Config {
  const entries = Object.entries(table).map(([name, value]) => [camelCase(name), value] as const)
  const machine = shaped(
    MACHINE,
    Object.fromEntries(entries),
    message => new UsageError(message.replace(/^\w+/, optionName)),
  )
  const rest = Object.entries(table).filter(([name]) => !Object.hasOwn(MACHINE.entries, camelCase(name)))
  return { request: requestOf(Object.fromEntries(rest), false), machine }
}

/**
 * What was chosen of a correction that its metadata file tells of: not what its run or its constants told, nor
 * parameters of the facility that are off. The constants are those that it used, wherever they came from.
 */
function chosen({ 'constants-from': _, ...recorded }: Table): Table {
  const sources = tableOf(recorded['condition-sources'])
  if (sources === undefined)
    return filtered(recorded, (name, value) => value !== false || stepOf(name) !== undefined)
  const { 'gain-mode': __, 'parallel-gain': ___, conditions, ...options } = recorded
  return { ...options, conditions: filtered(tableOf(conditions) ?? {}, name => sources[name] === 'option') }
}

/**
 * The part of a request that a table of options says.
 * @param isRecorded whether a correction wrote the table, whose parameters that are off may be of steps unknown here.
 * @throws UsageError naming the option.
 */
function requestOf(table: Table, isRecorded: boolean): Partial<CorrectionRequest> {
  const options: Record<string, unknown> = Object.create(null)
  const switches: Record<string, unknown> = { ...tableOf(table['switches']) }
  const conditions: Record<string, unknown> = { ...tableOf(table['conditions']) }
  const onlyOffset = Object.hasOwn(table, 'only-offset') && switchOf('only-offset', table['only-offset'])
  for (const [name, value] of Object.entries(table)) {
    if (isIgnored(name)) continue
    const step = stepOf(name)
    const [option, form] = own(OPTIONS, name) ?? [camelCase(name)]
    const condition = own(CONDITIONS, name)
    if (step !== undefined) switches[step] = switchOf(name, value)
    else if (name === 'only-offset') {
      if (onlyOffset) options['preset'] = 'offset-only'
    } else if (isOff(value) && typeof value !== 'boolean') {
      if (FLAGS.includes(option) && ['false', 'off'].includes(String(value))) options[option] = false
      // Refused below: a name that is none, unless it is the facility's own file that tells it.
      else if (!isRecorded && !isKnown(name, option)) options[option] = value
    } else if (name === 'rel-gain-mode')
      switches[value === 'PC' ? 'relative-gain' : `rel-gain-mode ${value}`] = true
    else if (condition !== undefined && typeof value === 'number') conditions[condition] = value
    else options[option] = form ? form([value].flat()) : value
  }
  // Its factor is 1 in all files known.
  if (switches['xray-gain'] === true && !isOff(table['ff-gain'] ?? -1) && table['ff-gain'] !== 1)
    switches['ff-gain'] = true
  const request = {
    ...options,
    // The facility does nothing behind the offset then, whatever its other switches say.
    ...some('switches', onlyOffset ? filtered(switches, (_, on) => on === false) : switches),
    ...some('conditions', conditions),
  }
  checkRequest({ run: '-', out: '-', ...request }, optionName)
  return request as Partial<CorrectionRequest>
}

function isKnown(name: string, option: string): boolean {
  const options: readonly string[] = REQUEST_OPTIONS
  return options.includes(option) || own(CONDITIONS, name) !== undefined || name === 'rel-gain-mode'
}

function switchOf(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (isOff(value)) return false
  if (isNotBuilt(name)) return true
  throw new UsageError(`${name}: expected true or false but received ${JSON.stringify(value)}`)
}

/** `hg-hard-threshold` for `hgHardThreshold`. */
export function optionName(option: string): string {
  return option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function some(name: string, table: Table): Table {
  return Object.keys(table).length > 0 ? { [name]: table } : {}
}

/** What the facility's file leaves unsaid: of how many images its share of dark ones is. Ours tells. */
function ofFacility(recorded: Table): Partial<CorrectionRequest> {
  const told = recorded['common-mode'] !== true || Object.hasOwn(recorded, 'condition-sources')
  return told ? {} : { cmCount: 'nominal' }
}

function filtered(table: Table, wanted: (name: string, value: unknown) => boolean): Table {
  return Object.fromEntries(Object.entries(table).filter(([name, value]) => wanted(name, value)))
}

function tableOf(value: unknown): Table | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : undefined
}
