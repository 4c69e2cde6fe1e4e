import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Detector } from '../../src/detectors/detector.js'
import { contentOf } from '../../src/files/content.js'
import { belongsToNobody } from '../../src/files/names.js'
import { isDetcalError, type Place } from '../../src/model/errors.js'
import { grouped } from '../../src/model/grouped.js'
import type { Problem } from '../../src/model/problem.js'
import { locateConstant, VERIFY } from '../files/source.js'
import { checkValues } from '../files/values.js'
import type { ConstantVersion } from '../model/version.js'
import type { SqliteCatalogue } from './sqlite-catalogue.js'
import { isFile } from './store.js'

/**
 * Compares a catalogue with its files. Errors: a file that is missing or has another size or checksum, a constant with
 * another shape or type, values that a correction cannot read. Warnings: files that the catalogue does not know.
 * @param onFile called before each file is read, for progress.
 */
export async function* verifyCatalogue(
  catalogue: SqliteCatalogue,
  detectors: readonly Detector[],
  onFile: (file: string) => void = () => {},
): AsyncGenerator<Problem> {
  const files = grouped(catalogue.list(), ({ file }) => file)
  for (const [file, versions] of files) {
    onFile(file)
    yield* verifyFile(versions, detectors)
  }
  for (const file of filesBelow(catalogue.root))
    if (!files.has(file))
      yield {
        check: 'unknown_file',
        severity: 'warning',
        message: 'the catalogue does not know it. Import it or remove it.',
        place: { file: join(catalogue.root, file) },
      }
}

async function* verifyFile(
  versions: readonly ConstantVersion[],
  detectors: readonly Detector[],
): AsyncGenerator<Problem> {
  const [first] = versions
  if (first === undefined) return
  const place = { file: first.path }
  if (!isFile(first.path)) {
    yield error('file_exists', `the file is missing; ${constantsOf(versions)} need it`, place)
    return
  }
  try {
    const { size, sha256 } = await contentOf(first.path)
    if (size !== first.size) {
      yield error('size', `it is ${size} bytes long, but was ${first.size} when it was imported`, place)
      return
    }
    if (sha256 !== first.sha256)
      yield error('sha256', 'its content is not what was imported: the checksum differs', place)
  } catch (cause) {
    yield error('readable', (cause as Error).message, place)
    return
  }
  for (const version of versions) {
    const detector = detectors.find(({ type }) => type === version.detectorType)
    if (detector === undefined) {
      yield error('detector_type', `no detector is of type ${version.detectorType}`, place)
      continue
    }
    try {
      await checkValues(detector, await locateConstant(detector, version))
    } catch (cause) {
      if (!isDetcalError(cause)) throw cause
      const { message, hint, place } = cause
      yield error('dataset', hint === undefined || hint === VERIFY ? message : `${message}. ${hint}`, place)
    }
  }
}

function error(check: string, message: string, place: Place): Problem {
  return { check, severity: 'error', message, place }
}

function constantsOf(versions: readonly ConstantVersion[]): string {
  return `constant${versions.length > 1 ? 's' : ''} ${versions.map(({ id }) => id).join(', ')}`
}

/** Files of the store, relative to the root, with forward slashes. */
function filesBelow(root: string): string[] {
  const store = join('xfel', 'cal')
  try {
    return readdirSync(join(root, store), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !belongsToNobody(entry.name))
      .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
      .map(path => path.split(sep).join('/'))
      .sort()
  } catch {
    // A catalogue without a store has no files.
    return []
  }
}
