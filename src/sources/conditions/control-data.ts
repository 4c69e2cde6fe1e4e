import { controlPath, runPath } from '../../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../../exdf/file.js'
import { readGroupIndex, readTrainIndex, rowsAt } from '../../exdf/index-rows.js'
import { readAnyNumbers, readOrReason, readStrings, rowsOf } from '../../hdf5/index.js'
import { DataError, isDetcalError } from '../../model/errors.js'
import type { Problem } from '../../model/problem.js'
import type { ControlFiles } from './reader.js'

/** Most rows of a control property that are read: a damaged header can declare any number. */
const ROW_LIMIT = 1 << 22

/** Properties of control devices, by device and dotted name. Absent properties have no values. */
export interface ControlData {
  /** Values of the trains, or the one at the start of the run where there are none; all are finite. */
  values(device: string, property: string): readonly number[]
  /** The value at the start of the run. */
  atStart(device: string, property: string): readonly number[]
  /** The text at the start of the run. */
  text(device: string, property: string): string | undefined
  /** A warning for each dataset that exists but cannot be read. */
  readonly problems: readonly Problem[]
}

/** Names of the properties of a device that are to be read. */
export interface WantedProperties {
  readonly numbers?: readonly string[]
  readonly texts?: readonly string[]
}

/**
 * Reads properties of the run's control devices independently: one that cannot be read is reported and treated as absent.
 * Only rows that belong to trains count, since files are padded with zeros.
 */
export async function readControlData(
  folder: ControlFiles,
  wanted: (device: string) => WantedProperties,
): Promise<ControlData> {
  const values = new Map<string, number[]>()
  const atStart = new Map<string, number[]>()
  const texts = new Map<string, string>()
  const problems: Problem[] = []
  for (const { path, controlSources, facts } of folder.files) {
    const devices = controlSources.filter(device => Object.keys(wanted(device)).length > 0)
    if (devices.length === 0) continue
    try {
      const read = (exdf: ExdfFile) => devices.map(device => readDevice(exdf, device, wanted(device)))
      for (const found of await readExdf(path, read, facts)) {
        for (const { key, during, before } of found.numbers) {
          values.set(key, [...(values.get(key) ?? []), ...during])
          atStart.set(key, [...(atStart.get(key) ?? []), ...before])
        }
        for (const { key, text } of found.texts) texts.set(key, texts.get(key) ?? text)
        problems.push(...found.problems)
      }
    } catch (error) {
      if (!isDetcalError(error)) throw error
      problems.push(unreadable(path, error.place.dataset, error))
    }
  }
  const start = (device: string, property: string) => atStart.get(`${device} ${property}`) ?? []
  return {
    atStart: start,
    values: (device, property) => {
      const found = values.get(`${device} ${property}`) ?? []
      return found.length > 0 ? found : start(device, property)
    },
    text: (device, property) => texts.get(`${device} ${property}`),
    problems,
  }
}

/** Of one device in one file. */
interface DeviceData {
  readonly numbers: readonly { key: string; during: readonly number[]; before: readonly number[] }[]
  readonly texts: readonly { key: string; text: string }[]
  readonly problems: readonly Problem[]
}

function readDevice(exdf: ExdfFile, device: string, wanted: WantedProperties): DeviceData {
  const problems: Problem[] = []
  const attempt = <T>(dataset: string, read: () => T): T | undefined => {
    const found = readOrReason(read)
    if (!(found instanceof DataError)) return found
    problems.push(unreadable(exdf.path, found.place.dataset ?? dataset, found))
    return undefined
  }
  const numbersAt = (dataset: string, rows: readonly number[]): number[] => {
    const stored = attempt(dataset, () => pick(exdf, dataset, rows)) ?? []
    const finite = stored.filter(Number.isFinite)
    const lost = stored.length - finite.length
    if (lost > 0)
      problems.push(
        warning(exdf.path, dataset, `${lost} of ${stored.length} values are not numbers: left out`),
      )
    return finite
  }
  const rows = attempt(`INDEX/${device}`, () => deviceRows(exdf, device)) ?? []
  const numbers = (wanted.numbers ?? []).map(property => ({
    key: `${device} ${property}`,
    during: numbersAt(controlPath(device, property), rows),
    before: numbersAt(runPath(device, property), [0]),
  }))
  const texts = (wanted.texts ?? []).flatMap(property => {
    const path = runPath(device, property)
    const text = attempt(path, () => textAt(exdf, path))
    return text === undefined ? [] : [{ key: `${device} ${property}`, text }]
  })
  return { numbers, texts, problems }
}

function warning(file: string, dataset: string | undefined, message: string): Problem {
  const place = { file, ...(dataset !== undefined && { dataset }) }
  return { check: 'control_data', severity: 'warning', message, place }
}

function unreadable(file: string, dataset: string | undefined, { message }: Error): Problem {
  return warning(file, dataset, `${message}: not used`)
}

/** The first string of a dataset; undefined if it is empty. */
function textAt(exdf: ExdfFile, path: string): string | undefined {
  const dataset = exdf.file.dataset(path)
  return dataset && readStrings(dataset)[0]
}

/** Data rows of a control device that belong to trains. */
function deviceRows(exdf: ExdfFile, device: string): number[] {
  const index = readGroupIndex(exdf, device, undefined)
  if (!index) return []
  return readTrainIndex(exdf)
    .rows.map(({ row }) => rowsAt(index, row))
    .flatMap(rows => (rows?.count === 1 ? [rows.first] : []))
}

function pick(exdf: ExdfFile, path: string, rows: readonly number[]): number[] {
  const dataset = exdf.file.dataset(path)
  if (dataset === undefined) return []
  const stored = Math.min(rowsOf(dataset), ROW_LIMIT)
  const there = rows.filter(row => row < stored)
  const most = there.reduce((most, row) => Math.max(most, row), -1)
  // Even if there are no rows: the datatype decides whether it can be read.
  const all = readAnyNumbers(dataset, most + 1)
  return there.map(row => all[row] ?? 0)
}
