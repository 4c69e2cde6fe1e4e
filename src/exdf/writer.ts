import { NewFile } from '../hdf5/create/new-file.js'
import { given } from '../model/given.js'
import type {
  ControlSource,
  ControlValue,
  ExdfDataset,
  ExdfGroup,
  ExdfTrains,
  NewExdf,
} from './description.js'
import {
  controlPath,
  exdfDate,
  INDEX,
  indexPath,
  instrumentPath,
  METADATA,
  runPath,
  sourceListGroup,
} from './euxfel-layout.js'

/**
 * Writes `description` as an EXDF file at `path`, replacing what is there. Bulk datasets (those without data)
 * are declared at their final shape and hold no chunk yet: see `direct/` for writing these.
 *
 * The file is not atomic: give it a temporary name (one that does not end in `.h5`) and rename it when all of
 * it is there.
 * @throws OutputError if the file cannot be written; RangeError if the description contradicts itself.
 */
export function writeExdf(path: string, description: NewExdf): void {
  checkTrains(description.trains)
  const file = new NewFile()
  writeAll(file, description)
  file.write(path)
}

function writeAll(file: NewFile, description: NewExdf): void {
  const { sources, controls = [], aliases = [], besides = {}, attributes = {} } = description
  writeMetadata(file, description)
  writeTrains(file, description)
  // An empty group even without control data, as the DAQ writes it.
  file.group('RUN')
  for (const source of sources)
    for (const [name, group] of Object.entries(source.groups))
      writeGroup(file, source.name, name, group, description)
  for (const [path, dataset] of Object.entries(besides)) writeDataset(file, path, dataset, false)
  for (const control of controls) writeControl(file, control, description.trains)
  for (const { from, to } of aliases) {
    // EXtra-data derives the present name from the link, which must be absolute.
    file.softLink(`/${indexPath(to)}`, indexPath(from))
    file.softLink(`/${instrumentPath(to)}`, instrumentPath(from))
  }
  for (const [path, values] of Object.entries(attributes)) file.attributes(path, values)
}

function writeGroup(file: NewFile, source: string, name: string, group: ExdfGroup, all: NewExdf): void {
  const rows = writeRows(file, indexPath(source, name), group.counts, all.trains, !group.late)
  for (const dataset of group.datasets) {
    const path = `${instrumentPath(source, name)}/${dataset.name}`
    if (dataset.shape[0] !== rows) {
      throw new RangeError(`${path} has ${dataset.shape[0]} rows, its index ${rows}`)
    }
    writeDataset(file, path, dataset, all.growable)
  }
}

function writeMetadata(file: NewFile, description: NewExdf): void {
  const { version, metadata } = description
  const ids = dataSourceIds(description)
  const list = sourceListGroup(version)
  const root = (id: string) => id.slice(0, id.indexOf('/'))
  const device = (id: string) => id.slice(id.indexOf('/') + 1)
  file.strings(`${list}/dataSourceId`, ids, { growable: true })
  file.strings(`${list}/root`, ids.map(root), { growable: true })
  file.strings(`${list}/deviceId`, ids.map(device), { growable: true })
  if (version === '0.5') return
  // One-element arrays: readers index them, a scalar would fail.
  file.strings(METADATA.version, [version])
  for (const name of ['creationDate', 'updateDate'] as const)
    file.strings(METADATA[name], [exdfDate(metadata[name])])
  for (const name of ['daqLibrary', 'karaboFramework', 'runType', 'sample'] as const)
    file.strings(METADATA[name], [metadata[name]])
  for (const name of ['proposalNumber', 'runNumber', 'sequenceNumber'] as const)
    file.column(METADATA[name], 'u4', [metadata[name]])
}

/** `METADATA/dataSourceId`: an entry for each index group, under former names too. */
function dataSourceIds({ sources, controls = [], aliases = [] }: NewExdf): string[] {
  const groupsOf = (name: string, as: string) =>
    sources
      .filter(source => source.name === name)
      .flatMap(source => Object.keys(source.groups).map(group => instrumentPath(as, group)))
  return [
    ...controls.map(control => `CONTROL/${control.name}`),
    ...sources.flatMap(source => groupsOf(source.name, source.name)),
    ...aliases.flatMap(({ from, to }) => groupsOf(to, from)),
  ]
}

function writeTrains(file: NewFile, { trains, version }: NewExdf): void {
  file.column(INDEX.trainId, 'u8', trains.trainIds, { growable: true })
  if (version === '0.5') return
  file.column(INDEX.timestamp, 'u8', trains.timestamps, { growable: true })
  file.column(INDEX.flag, 'i4', trains.flags, { growable: true })
  if (version === '1.2') file.column(INDEX.origin, 'i4', trains.origins, { growable: true })
}

/** Writes first and count: `first` is the exclusive running sum, also where count is 0. Returns all rows. */
function writeRows(
  file: NewFile,
  path: string,
  counts: readonly number[],
  trains: ExdfTrains,
  growable = true,
): number {
  if (counts.length !== trains.trainIds.length) {
    throw new RangeError(`${path} counts ${counts.length} trains of ${trains.trainIds.length}`)
  }
  let rows = 0
  const first = counts.map(count => {
    rows += count
    return rows - count
  })
  file.column(`${path}/first`, 'u8', first, { growable })
  file.column(`${path}/count`, 'u8', counts, { growable })
  return rows
}

function writeDataset(
  file: NewFile,
  path: string,
  dataset: Omit<ExdfDataset, 'name'>,
  growable: boolean,
): void {
  const { dtype, shape, chunk, deflate, data } = dataset
  const options = { shape, growable, ...given({ chunk, deflate }) }
  if (data) file.array(path, dtype, data, options)
  else file.declare(path, dtype, { ...options, chunk: chunk ?? [1, ...shape.slice(1)] })
}

function writeControl(file: NewFile, control: ControlSource, trains: ExdfTrains): void {
  const one = trains.trainIds.map(() => 1)
  writeRows(file, indexPath(control.name), one, trains)
  for (const [property, value] of Object.entries(control.properties)) {
    const growable = true
    writeControlValues(file, controlPath(control.name, property), value, trains.trainIds.length)
    file.column(controlPath(control.name, property, 'timestamp'), 'u8', trains.timestamps, { growable })
    const run = runPath(control.name, property)
    writeControlValues(file, run, value, 1)
    const start = trains.timestamps.slice(0, 1)
    file.column(run.replace(/value$/, 'timestamp'), 'u8', start, { growable })
  }
}

/** Writes the same value `rows` times, or the first `rows` of a list. */
function writeControlValues(file: NewFile, path: string, value: ControlValue, rows: number): void {
  const options = { growable: true }
  const all = Array.from({ length: rows })
  if (value.dtype === 'text') {
    const texts = all.map(() => value.value)
    file.strings(path, texts, options)
  } else {
    const { value: told } = value
    const numbers = typeof told === 'number' ? all.map(() => told) : told.slice(0, rows)
    file.column(path, value.dtype, numbers, options)
  }
}

function checkTrains(trains: ExdfTrains): void {
  const count = trains.trainIds.length
  for (const column of [trains.flags, trains.timestamps, trains.origins]) {
    if (column.length !== count) throw new RangeError(`${column.length} INDEX rows for ${count} trains`)
  }
  if (!trains.disordered && trains.trainIds.some((id, i) => i > 0 && id <= (trains.trainIds[i - 1] ?? 0))) {
    throw new RangeError('train ids are not strictly increasing')
  }
}
