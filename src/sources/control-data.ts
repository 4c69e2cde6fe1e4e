import { controlPath, runPath } from '../hdf5/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../hdf5/exdf-file.js'
import { readGroupIndex, readTrainIndex, rowsAt } from '../hdf5/exdf-index.js'
import { datasetAt, readNumbers, readStrings, rowsOf } from '../hdf5/values.js'
import { isDetcalError } from '../model/errors.js'
import type { RunFolder } from './run-folder.js'

/** Rows of a control property that are looked at; a damaged header can declare any number. */
const ROW_LIMIT = 1 << 22

/** Properties of control devices, by device and dotted name. What is not there has no values. */
export interface ControlData {
  /** Values of the trains, or the one at the start of the run where there are none. */
  values(device: string, property: string): readonly number[]
  /** The value at the start of the run. */
  atStart(device: string, property: string): readonly number[]
  /** The text at the start of the run. */
  text(device: string, property: string): string | undefined
}

/**
 * Reads properties of the run's control devices, numbers and texts; one that cannot be read counts as not there.
 * Only rows that belong to trains are taken: files are padded with zeros.
 */
export async function readControlData(
  folder: RunFolder,
  wanted: (device: string) => readonly string[],
): Promise<ControlData> {
  const values = new Map<string, number[]>()
  const atStart = new Map<string, number[]>()
  const texts = new Map<string, string>()
  const add = (map: Map<string, number[]>, key: string, more: readonly number[]) =>
    map.set(key, [...(map.get(key) ?? []), ...more])
  for (const { path, controlSources, facts } of folder.files) {
    const devices = controlSources.filter(device => wanted(device).length > 0)
    if (devices.length === 0) continue
    try {
      // Told by the file, but not noted down before all of it is read.
      const read = (exdf: ExdfFile): (() => void)[] => {
        const found: (() => void)[] = []
        for (const device of devices) {
          const rows = deviceRows(exdf, device)
          for (const property of wanted(device)) {
            const key = `${device} ${property}`
            const start = runPath(device, property)
            const text = textAt(exdf, start)
            if (text !== undefined) {
              found.push(() => texts.set(key, texts.get(key) ?? text))
              continue
            }
            const during = pick(exdf, controlPath(device, property), rows)
            const before = pick(exdf, start, [0])
            found.push(() => {
              add(values, key, during)
              add(atStart, key, before)
            })
          }
        }
        return found
      }
      for (const note of await readExdf(path, read, facts)) note()
    } catch (error) {
      // Conditions are a convenience: the correction says which of them are unknown.
      if (!isDetcalError(error)) throw error
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
  }
}

/** The first text of a dataset of texts; undefined if it is none. */
function textAt(exdf: ExdfFile, path: string): string | undefined {
  const dataset = datasetAt(exdf.file, path)
  return dataset?.metadata.type === STRING_TYPE ? readStrings(dataset)[0] : undefined
}

/** HDF5's number for datatypes of strings. */
const STRING_TYPE = 3

/** Data rows of a control device that belong to trains. */
function deviceRows(exdf: ExdfFile, device: string): number[] {
  const index = readGroupIndex(exdf, device, undefined)
  if (!index) return []
  return readTrainIndex(exdf)
    .rows.map(({ row }) => rowsAt(index, row))
    .flatMap(rows => (rows?.count === 1 ? [rows.first] : []))
}

function pick(exdf: ExdfFile, path: string, rows: readonly number[]): number[] {
  const dataset = datasetAt(exdf.file, path)
  if (dataset?.shape?.length !== 1) return []
  const stored = Math.min(rowsOf(dataset), ROW_LIMIT)
  const there = rows.filter(row => row < stored)
  if (there.length === 0) return []
  const all = readNumbers(dataset, there.reduce((most, row) => Math.max(most, row), 0) + 1)
  return there.map(row => all[row] ?? 0)
}
