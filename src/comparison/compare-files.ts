import { readHdf5, readNumbers } from '../hdf5/index.js'
import { isDetcalError } from '../model/errors.js'
import { given } from '../model/given.js'
import { comparedText, tellsMaking } from './aside.js'
import type { Difference, FileComparison } from './difference.js'
import { objectsIn, type StoredObject } from './objects.js'
import { differingValues } from './values.js'

type Objects = ReadonlyMap<string, StoredObject>

/**
 * Whether two files are equal: every dataset's decoded bytes, element type, shape and attributes are, dates and software
 * versions aside. Bytes of deflate and the order of chunks may differ. A few MiB of each file are in memory at once.
 * @param path the file that is in question. @param expected a sound one.
 * @throws DataError if `expected` cannot be read; what cannot be read of `path` is a difference.
 */
export async function compareFiles(path: string, expected: string): Promise<FileComparison> {
  const theirs = await objectsIn(expected)
  let ours: Objects
  try {
    ours = await objectsIn(path)
  } catch (error) {
    return { datasets: 0, differences: [unreadable(error, path, '/')] }
  }
  const differences: Difference[] = []
  let datasets = 0
  for (const name of new Set([...theirs.keys(), ...ours.keys()])) {
    if (tellsMaking(name)) continue
    const [one, other] = [ours.get(name), theirs.get(name)]
    if (one?.kind === 'dataset' && other?.kind === 'dataset') datasets++
    const found = one && other ? objectDifferences(name, one, other) : [presence(name, one)]
    differences.push(...found)
    if (found.length > 0 || other?.kind !== 'dataset' || other.texts) continue
    differences.push(...(await valueDifferences(path, expected, name)))
  }
  return { datasets, differences }
}

function presence(name: string, one: StoredObject | undefined): Difference {
  return { dataset: name, message: one ? 'is there, and is not in the other file' : 'is missing' }
}

function objectDifferences(name: string, one: StoredObject, other: StoredObject): Difference[] {
  const dataset = name === '' ? '/' : name
  const say = (message: string): Difference => ({ dataset, message })
  if (one.kind !== other.kind) return [say(`is a ${one.kind}, not a ${other.kind}`)]
  if (one.type !== other.type)
    return [say(`${one.kind === 'link' ? 'leads to' : 'is'} ${one.type}, not ${other.type}`)]
  if (String(one.shape) !== String(other.shape))
    return [say(`has shape (${one.shape.join(', ')}), not (${other.shape.join(', ')})`)]
  const found: Difference[] = []
  for (const attribute of new Set([...one.attributes.keys(), ...other.attributes.keys()])) {
    const texts = [one, other].map(({ attributes }) =>
      comparedText(name, attribute, attributes.get(attribute)),
    )
    if (texts[0] !== texts[1]) found.push(say(`its attribute ${attribute} differs`))
  }
  const row = other.texts?.findIndex((text, i) => text !== one.texts?.[i]) ?? -1
  if (row >= 0)
    found.push({
      ...say('its strings differ'),
      first: {
        index: [row],
        values: [JSON.stringify(one.texts?.[row]), JSON.stringify(other.texts?.[row])],
      },
    })
  return found
}

async function valueDifferences(path: string, expected: string, dataset: string): Promise<Difference[]> {
  try {
    const found = await differingValues([path, expected], dataset)
    if (found?.first === undefined) return found ? [found] : []
    const frame = await frameOf(expected, dataset, found.first.index[0])
    return [{ ...found, first: { ...found.first, ...frame } }]
  } catch (error) {
    return [unreadable(error, path, dataset)]
  }
}

/** Which train and pulse a row of an image dataset is of. */
async function frameOf(
  file: string,
  dataset: string,
  row: number | undefined,
): Promise<{ readonly train?: number; readonly pulse?: number }> {
  const [, image] = /^(INSTRUMENT\/.+\/image)\/[^/]+$/.exec(dataset) ?? []
  if (image === undefined || row === undefined) return {}
  const [train, pulse] = await readHdf5(file, opened =>
    ['trainId', 'pulseId'].map(name => {
      const ids = opened.dataset(`${image}/${name}`)
      return ids && readNumbers(ids, row + 1)[row]
    }),
  )
  return given({ train, pulse })
}

/** @throws `error` if it is not one of the file at `path`. */
function unreadable(error: unknown, path: string, dataset: string): Difference {
  if (!isDetcalError(error) || (error.place.file ?? path) !== path) throw error
  return { dataset: error.place.dataset ?? dataset, message: `cannot be read: ${error.message}` }
}
