import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { Unreadable, Unsupported } from '../../../src/hdf5/direct/errors.js'
import { FileView } from '../../../src/hdf5/direct/file-view.js'
import { frameAddresses } from '../../../src/hdf5/direct/frame-addresses.js'
import { DirectFile } from '../../../src/hdf5/direct/index.js'
import { locateDataset } from '../../../src/hdf5/direct/locate.js'
import { readSlab } from '../../../src/hdf5/direct/read-slab.js'
import { DataError } from '../../../src/model/errors.js'
import { goldenFile, goldenNames, goldens } from './golden.js'

/** Rounds for each golden file. Set DETCAL_FUZZ_ROUNDS for a long run, DETCAL_FUZZ_SEED for another one. */
const ROUNDS = Number(process.env['DETCAL_FUZZ_ROUNDS'] ?? 20)
const SEED = Number(process.env['DETCAL_FUZZ_SEED'] ?? 1)
/** Milliseconds one damaged dataset may take: a hundred times what a sound one takes on a busy machine. */
const PATIENCE = 5000
/** The end of each dimension that is read, and bytes above which nothing is: a damaged shape may claim anything. */
const MAX_LENGTH = 6000
const MAX_SLAB = 2 ** 22

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Numbers from 0 up to `below`, by xorshift. */
function randomNumbers(seed: number): (below: number) => number {
  let x = Math.imul(seed, 2654435761) | 1
  return below => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) % below
  }
}

const LIMITS = [0, 1, 0x7f, 0x80, 0xff]

/** Flips bits, writes limits and runs of them, copies pieces over others, cuts. */
function damage(bytes: Buffer, random: (below: number) => number, structures: readonly number[]): Buffer {
  const damaged = Buffer.from(bytes)
  for (let n = 1 + random(4); n > 0; n--) {
    // Half of the hits within the structures' first bytes, where they tell most.
    const near =
      random(2) === 0 ? (structures[random(structures.length)] ?? 0) + random(64) : random(bytes.length)
    const at = Math.min(near, bytes.length - 1)
    const kind = random(8)
    if (kind < 3) damaged[at]! ^= 1 << random(8)
    else if (kind < 5) damaged[at] = LIMITS[random(LIMITS.length)]!
    else if (kind < 6)
      damaged.fill(LIMITS[random(LIMITS.length)]!, at, Math.min(at + 1 + random(8), bytes.length))
    else if (kind < 7) damaged.copy(damaged, at, random(bytes.length), random(bytes.length))
    else return damaged.subarray(0, at)
  }
  return damaged
}

/** Where structures with a signature begin, and the first hundred bytes. */
function structuresOf(bytes: Buffer): number[] {
  const found = [0, 32, 64]
  for (const signature of [
    'TREE',
    'SNOD',
    'HEAP',
    'OHDR',
    'OCHK',
    'FAHD',
    'FADB',
    'EAHD',
    'EAIB',
    'EASB',
    'EADB',
  ]) {
    for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 1)) found.push(at)
  }
  return found
}

function readAll(path: string, dataset: string): void {
  const fd = openSync(path, 'r')
  try {
    const located = locateDataset(fd, dataset, path)
    frameAddresses(located)
    const count = located.shape.map(size => Math.min(size, MAX_LENGTH))
    const start = located.shape.map((size, d) => size - (count[d] ?? 0))
    const bytes = count.reduce((product, size) => product * size, located.elementBytes)
    if (bytes <= MAX_SLAB) readSlab(fd, located, start, count, new Uint8Array(bytes), path)
  } finally {
    closeSync(fd)
  }
}

function fuzz(name: string, seed: number): { values: number; damaged: number; unsupported: number } {
  const sound = readFileSync(goldenFile(name))
  const datasets = goldens.filter(golden => golden.name === name).map(golden => golden.path)
  const structures = structuresOf(sound)
  const path = join(folder, name)
  const outcomes = { values: 0, damaged: 0, unsupported: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const random = randomNumbers(seed * 1_000_003 + round)
    writeFileSync(path, damage(sound, random, structures))
    for (let n = 0; n < 12; n++) {
      const dataset = datasets[random(datasets.length)]!
      const begun = performance.now()
      try {
        readAll(path, dataset)
        outcomes.values++
      } catch (error) {
        if (error instanceof Unsupported) outcomes.unsupported++
        else if (error instanceof DataError && error.line.includes(path)) outcomes.damaged++
        else throw new Error(`seed ${seed}, round ${round}, ${dataset}`, { cause: error })
      }
      expect(performance.now() - begun, `seed ${seed}, round ${round}, ${dataset}`).toBeLessThan(PATIENCE)
    }
  }
  return outcomes
}

afterEach(() => {
  vi.restoreAllMocks()
})

test.each(goldenNames)('%s, damaged, ends in a value or in an error that says so', name => {
  expect(fuzz(name, SEED).damaged).toBeGreaterThan(0)
})

// Checksums of newer structures catch nearly all damage before it can mean anything: this gets behind them.
test.each(
  goldenNames.filter(name => name.includes('latest')),
)('%s, damaged, checksums not looked at', name => {
  vi.spyOn(FileView.prototype, 'readChecked').mockImplementation(function (
    this: FileView,
    address,
    length,
    what,
  ) {
    return this.read(address, length, what)
  })
  expect(fuzz(name, SEED + 1).damaged).toBeGreaterThan(0)
})

// Whose root is dense, so that nothing of it is told.
test.each([
  ...goldenNames.filter(name => name !== 'crowd_latest.h5'),
  'strings_earliest.h5',
  'strings_latest.h5',
])('%s, damaged, is told of or left to the library', name => {
  const sound = readFileSync(goldenFile(name))
  const structures = structuresOf(sound)
  const path = join(folder, `tree-${name}`)
  let told = 0
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(path, damage(sound, randomNumbers(SEED * 7_000_003 + round), structures))
    const begun = performance.now()
    told += walked(path)
    expect(performance.now() - begun, `round ${round}`).toBeLessThan(PATIENCE)
  }
  expect(told).toBeGreaterThan(0)
})

/** Objects that a walk through a file meets before the direct reader does not know how to go on. */
function walked(path: string): number {
  let told = 0
  let file: DirectFile | undefined
  try {
    file = DirectFile.open(path)
    for (const paths = ['/']; paths.length > 0 && told < 300; told++) {
      const at = paths.shift()!
      // The files hold a link to another file that is not there.
      if (at.endsWith('/elsewhere')) continue
      const found = file.dataset(at)
      paths.push(...(file.names(at) ?? []).map(key => `${at}/${key}`))
      if (found?.type.kind === 'text' && found.length * found.type.bytes < MAX_SLAB) found.strings()
      else if (found && found.length * found.type.bytes < MAX_SLAB)
        found.read(
          found.shape.map(() => 0),
          found.shape,
        )
    }
  } catch (error) {
    // Texts whose place is damaged are told of for good: the library is never asked for them.
    if (!(error instanceof Unsupported || error instanceof Unreadable)) throw error
  } finally {
    file?.close()
  }
  return told
}

test.each(goldenNames)('%s, cut at any length, is called truncated or no HDF5 file', name => {
  const sound = readFileSync(goldenFile(name))
  const { path: dataset } = goldens.find(golden => golden.name === name)!
  const path = join(folder, `cut-${name}`)
  for (let length = 0; length < sound.length; length += 1 + Math.floor(sound.length / 200)) {
    writeFileSync(path, sound.subarray(0, length))
    expect(() => readAll(path, dataset)).toThrow(DataError)
  }
})
