import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ExdfFile, readExdf } from '../../../src/exdf/file.js'
import { Unreadable, Unsupported } from '../../../src/hdf5/direct/errors.js'
import { DirectFile } from '../../../src/hdf5/direct/index.js'
import type { Hdf5Dataset, Hdf5File } from '../../../src/hdf5/file.js'
import { LibraryFile } from '../../../src/hdf5/library-file.js'
import { readStrings } from '../../../src/hdf5/values.js'
import { DataError } from '../../../src/model/errors.js'
import { writeControl, writeModule } from '../../helpers/exdf.js'
import { goldenFile, goldenNames } from './golden.js'

const STRINGS = ['strings_earliest.h5', 'strings_latest.h5']
/** Paths that a walk looks at, and elements of a dataset that are compared. */
const MOST = 2000

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-tree-'))
  await writeModule(folder, { module: 3, trainIds: [10_001, 10_002], counts: [4, 0] })
  await writeModule(folder, { module: 4, version: '0.5', trainIds: [10_001], counts: [2], legacyIndex: true })
  await writeControl(folder, { 'SPB_IRU_AGIPD1M1/MDL/FPGA_COMP': { 'gain.value': 1, setupr: [2, 3] } })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a file says at a path, in words that can be compared; `direct` may not know. */
function told(file: Hdf5File, path: string): unknown {
  try {
    const dataset = file.dataset(path)
    return dataset ? toldOf(dataset) : { names: file.names(path) ?? [] }
  } catch (error) {
    // A link to a file that is not there.
    if (!(error instanceof Unreadable)) throw error
    return { place: error.place }
  }
}

function toldOf(dataset: Hdf5Dataset): unknown {
  const { kind, bytes, dtype, name } = dataset.type
  const { shape, length, chunks } = dataset
  const common = { kind, dtype, name, shape, length, chunks }
  if (kind === 'text') return { ...common, strings: readStrings(dataset) }
  return { ...common, bytes, values: numbers(dataset) }
}

function numbers(dataset: Hdf5Dataset): unknown {
  const { shape, type } = dataset
  if (!/^[iuf][1248]$/.test(type.name) || dataset.length === 0) return undefined
  // The last rows, of a few columns.
  const start = shape.map((length, axis) => (axis === 0 ? Math.max(0, length - 3) : 0))
  const count = shape.map((length, axis) => Math.min(length, axis === 0 ? 3 : 5))
  const values: ArrayLike<number | bigint> = dataset.read(start, count)
  if (type.dtype === undefined) return Array.from(values)
  const bytes = new Uint8Array(values.length * type.bytes)
  dataset.slab(start, count, bytes)
  return [Array.from(values), bytes]
}

/** Paths of a file as the library walks it, links followed. */
function pathsIn(file: Hdf5File): string[] {
  const found = ['/']
  for (let i = 0; i < found.length && found.length < MOST; i++) {
    const path = found[i]!
    if (path.split('/').length < 9 && path !== '/links/elsewhere')
      for (const name of file.names(path) ?? []) found.push(`${path === '/' ? '' : path}/${name}`)
  }
  return found
}

/** How many paths both readers tell the same of, and how many the direct one leaves to the other. */
async function compared(path: string): Promise<{ same: number; left: number }> {
  const counts = { same: 0, left: 0 }
  let direct: DirectFile | undefined
  try {
    direct = DirectFile.open(path)
    const there = direct
    await LibraryFile.reading(path, library => {
      for (const at of [...pathsIn(library), '/nowhere', '/METADATA/no/such']) {
        try {
          expect(told(there, at), `${path}: ${at}`).toEqual(told(library, at))
          counts.same++
        } catch (error) {
          if (!(error instanceof Unsupported)) throw error
          counts.left++
        }
      }
    })
  } finally {
    direct?.close()
  }
  return counts
}

describe('the direct reader tells the same as the library', () => {
  it.each([...goldenNames.filter(name => name !== 'crowd_latest.h5'), ...STRINGS])('of %s', async name => {
    const { same, left } = await compared(goldenFile(name))
    expect(same).toBeGreaterThan(left)
  })

  it('of every kind of text and number', async () => {
    for (const name of STRINGS) {
      expect(await compared(goldenFile(name))).toMatchObject({ left: 0 })
    }
  })

  it('of what the data acquisition writes, all of it', async () => {
    const files = readdirSync(folder).filter(name => name.endsWith('.h5'))
    expect(files.length).toBeGreaterThan(1)
    for (const name of files) {
      const { same, left } = await compared(join(folder, name))
      expect(left).toBe(0)
      expect(same).toBeGreaterThan(20)
    }
  })
})

describe('a file that is read directly where that can be done', () => {
  async function throughLibrary<T>(path: string, use: (exdf: ExdfFile) => T): Promise<T> {
    const open = vi.spyOn(DirectFile, 'open').mockImplementation(() => {
      throw new Unsupported('anything')
    })
    try {
      return await readExdf(path, use)
    } finally {
      open.mockRestore()
    }
  }

  it('says the same, and why it cannot be read in the same words', async () => {
    const [name = ''] = readdirSync(folder)
    const path = join(folder, name)
    const facts = await readExdf(path, ({ file: _, ...rest }) => rest)
    expect(facts).toEqual(await throughLibrary(path, ({ file: _, ...rest }) => rest))

    const broken = join(folder, 'broken.h5')
    const bytes = readFileSync(path)
    for (const damaged of [
      bytes.subarray(0, bytes.length - 100),
      Buffer.from('no HDF5 file at all, but text'),
    ]) {
      writeFileSync(broken, damaged)
      const why = async (read: typeof readExdf) =>
        read(broken, () => 1).catch((error: unknown) => `${(error as Error).message}`)
      expect(await why(readExdf)).toBe(await why(throughLibrary))
    }
    rmSync(broken)
  })

  it('is asked of the library where the direct reader has no answer, and closed', async () => {
    const [name = ''] = readdirSync(folder)
    let calls = 0
    const names = await readExdf(join(folder, name), ({ file }) => {
      calls++
      if (file instanceof DirectFile) throw new Unsupported('this')
      return file.names('/') ?? []
    })
    expect([calls, names.includes('INDEX')]).toEqual([2, true])
  })

  it('does not start the library', async () => {
    const library = vi.spyOn(LibraryFile, 'reading')
    for (const name of readdirSync(folder)) await readExdf(join(folder, name), ({ file }) => file.names('/'))
    expect(library).not.toHaveBeenCalled()
    library.mockRestore()
  })

  it('is not asked of the library after a mistake of ours, or what makes no sense to us', async () => {
    const [name = ''] = readdirSync(folder)
    for (const error of [new RangeError('a mistake'), new DataError('is strange')]) {
      let calls = 0
      const failing = readExdf(join(folder, name), () => {
        calls++
        throw error
      })
      await expect(failing).rejects.toThrow(error.message)
      expect(calls).toBe(1)
    }
  })
})
