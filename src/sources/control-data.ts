import { controlPath, runPath } from '../hdf5/euxfel-layout.js'
import { type ExdfFile, withExdf } from '../hdf5/exdf-file.js'
import { readGroupIndex, readTrainIndex } from '../hdf5/exdf-index.js'
import { datasetAt, readNumbers, rowsOf } from '../hdf5/values.js'
import { isDetcalError } from '../model/errors.js'
import type { RunFolder } from './run-folder.js'

/** Rows of a control property that are looked at; a damaged header can declare any number. */
const ROW_LIMIT = 1 << 22

/** Values of a control property over the run: `control` by train, or the `run` value where there are none. */
export type ControlValues = (device: string, property: string) => readonly number[]

/**
 * Reads numeric control properties of the run, by device and dotted name; a property that is not there or
 * cannot be read has no values. Only rows that belong to trains are taken: files are padded with zeros.
 */
export async function readControlData(
  folder: RunFolder,
  wanted: (device: string) => readonly string[],
): Promise<ControlValues> {
  const values = new Map<string, number[]>()
  const atStart = new Map<string, number[]>()
  const add = (map: Map<string, number[]>, key: string, more: readonly number[]) =>
    map.set(key, [...(map.get(key) ?? []), ...more])
  for (const { path, controlSources } of folder.files) {
    const devices = controlSources.filter(device => wanted(device).length > 0)
    if (devices.length === 0) continue
    try {
      await withExdf(path, exdf => {
        for (const device of devices) {
          const rows = deviceRows(exdf, device)
          for (const property of wanted(device)) {
            add(values, `${device} ${property}`, pick(exdf, controlPath(device, property), rows))
            add(atStart, `${device} ${property}`, pick(exdf, runPath(device, property), [0]))
          }
        }
      })
    } catch (error) {
      // Conditions are a convenience: the correction says which of them are unknown.
      if (!isDetcalError(error)) throw error
    }
  }
  return (device, property) => {
    const found = values.get(`${device} ${property}`) ?? []
    return found.length > 0 ? found : (atStart.get(`${device} ${property}`) ?? [])
  }
}

/** Data rows of a control device that belong to trains. */
function deviceRows(exdf: ExdfFile, device: string): number[] {
  const index = readGroupIndex(exdf, device, undefined)
  if (!index) return []
  return readTrainIndex(exdf)
    .rows.filter(({ row }) => index.count[row] === 1)
    .map(({ row }) => index.first[row] ?? 0)
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
