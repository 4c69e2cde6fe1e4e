import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { withFile } from '../../src/hdf5/library.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { checksWithout } from '../../src/validation/checks/index.js'
import { validate } from '../../src/validation/validate.js'
import { put, scratch, writeModule } from '../helpers/exdf.js'

/** What macOS writes beside a file on a disk that keeps no attributes: 4 KiB that begin like this. */
const APPLE_DOUBLE = Buffer.concat([
  Buffer.from('\0\x05\x16\x07\0\x02\0\0Mac OS X        ', 'latin1'),
  Buffer.alloc(4072),
])
const OURS = 'RAW-R0001-AGIPD03-S00000.h5'

/** A folder with one good file, of module 0. */
async function runFolder(): Promise<string> {
  const folder = scratch()
  await writeModule(folder, { trainIds: [1000, 1001], counts: [3, 3] })
  return folder
}

const stray = async (folder: string) =>
  (await openRun(folder)).problems
    .filter(({ check }) => check === 'files_readable')
    .map(({ severity, place, message }) => ({
      severity,
      name: place.file?.slice(folder.length + 1),
      message,
    }))

const small = (path: string) => withFile(path, 'w', file => put(file, 'mask', new Uint8Array(16)))

describe('what belongs to nobody', () => {
  test.each([
    `._${OURS}`,
    '._mask.h5',
    '.nfs0000000012345678.h5',
    'karabo_data_map.json',
  ])('%s is passed over in silence', async name => {
    const folder = await runFolder()
    writeFileSync(join(folder, name), APPLE_DOUBLE)
    expect(await stray(folder)).toEqual([])
    expect((await openRun(folder)).damaged).toEqual([])
    const { files } = await validate(folder, checksWithout(['run_json_cache']))
    expect(files).toEqual([join(folder, 'RAW-R0001-AGIPD00-S00000.h5')])
  })

  test('a folder of nothing else is no run folder', async () => {
    const folder = scratch()
    writeFileSync(join(folder, `._${OURS}`), APPLE_DOUBLE)
    await expect(openRun(folder)).rejects.toMatchObject({ message: expect.stringContaining('no .h5 files') })
  })
})

/** Things that are no data, by how they are made and what is said of them. */
const NO_DATA: [string, string, (path: string) => unknown][] = [
  ['an empty file', 'is empty, so it is not an HDF5 file', path => writeFileSync(path, '')],
  ['a pipe', 'is a pipe, not a file', path => spawnSync('mkfifo', [path])],
  ['a link to a folder', 'is a folder, not a file', path => symlinkSync('/tmp', path)],
  [
    'a socket',
    'is a socket, not a file',
    async path => {
      const server = createServer()
      onTestFinished(() => void server.close())
      await new Promise<void>(resolve => server.listen(path, resolve))
    },
  ],
]

describe.each(NO_DATA)('%s', (_, says, make) => {
  test('with a name of anybody is a warning', async () => {
    const folder = await runFolder()
    await make(join(folder, 'x.h5'))
    expect(await stray(folder)).toEqual([
      { severity: 'warning', name: 'x.h5', message: expect.stringContaining(says) },
    ])
    expect((await openRun(folder)).damaged).toEqual([])
    const { problems } = await validate(folder, checksWithout(['modules_present']))
    expect(problems).toMatchObject([{ check: 'files_readable', severity: 'warning' }])
  })

  test('with the name of a module is an error: its data are lost', async () => {
    const folder = await runFolder()
    await make(join(folder, OURS))
    expect(await stray(folder)).toEqual([
      { severity: 'error', name: OURS, message: expect.stringContaining(says) },
    ])
    expect((await openRun(folder)).damaged).toMatchObject([{ module: 3, sequence: 0 }])
  })
})

test('a folder with the name of a module is an error, with another it is nothing', async () => {
  const folder = await runFolder()
  mkdirSync(join(folder, 'notes.h5'))
  expect(await stray(folder)).toEqual([])
  mkdirSync(join(folder, OURS))
  expect(await stray(folder)).toMatchObject([
    { severity: 'error', name: OURS, message: expect.stringContaining('is a folder, not a file') },
  ])
})

describe('a readable HDF5 file without METADATA', () => {
  test('is somebody’s where it is not named as the run’s files are', async () => {
    const folder = await runFolder()
    await small(join(folder, 'mask.h5'))
    expect(await stray(folder)).toMatchObject([{ severity: 'warning', name: 'mask.h5' }])
    const { problems } = await validate(folder, checksWithout(['modules_present']))
    expect(problems).toMatchObject([{ check: 'files_readable', severity: 'warning' }])
    // Asked for by its name, it must be one of a run's.
    expect((await validate(join(folder, 'mask.h5'), [])).problems).toMatchObject([{ severity: 'error' }])
  })

  test('is an error where it has the name of a module, or METADATA without sources', async () => {
    const folder = await runFolder()
    await small(join(folder, OURS))
    await writeModule(folder, {
      name: 'x.h5',
      trainIds: [1],
      counts: [1],
      without: ['METADATA/dataSources/dataSourceId'],
    })
    expect(await stray(folder)).toMatchObject([
      { severity: 'error', name: OURS },
      { severity: 'error', name: 'x.h5' },
    ])
  })

  test('is not what a run without a readable file is blamed on', async () => {
    const folder = scratch()
    await small(join(folder, 'a.h5'))
    writeFileSync(join(folder, OURS), 'no HDF5 file')
    await expect(openRun(folder)).rejects.toMatchObject({ place: { file: join(folder, OURS) } })
  })
})

describe('what may hold data is an error under any name', () => {
  test('a link that leads nowhere says where', async () => {
    const folder = await runFolder()
    symlinkSync('/gone/RAW.h5', join(folder, OURS))
    symlinkSync('loop.h5', join(folder, 'loop.h5'))
    const hint = 'Bring back what it points to, copy the file itself, or remove the link'
    expect(await stray(folder)).toEqual([
      { severity: 'error', name: OURS, message: `is a link to /gone/RAW.h5, which is not there. ${hint}` },
      { severity: 'error', name: 'loop.h5', message: `is a link to loop.h5 (ELOOP). ${hint}` },
    ])
  })

  test('a damaged file', async () => {
    const folder = await runFolder()
    const path = await writeModule(folder, { name: 'x.h5', trainIds: [1], counts: [1] })
    truncateSync(path, 3000)
    expect(await stray(folder)).toMatchObject([{ severity: 'error', name: 'x.h5' }])
  })

  // Root may read everything.
  test.runIf(process.getuid?.() !== 0)('a file that may not be read', async () => {
    const folder = await runFolder()
    chmodSync(await writeModule(folder, { module: 3, trainIds: [1], counts: [1] }), 0)
    expect(await stray(folder)).toMatchObject([
      { severity: 'error', name: OURS, message: expect.stringContaining('may not be read') },
    ])
  })
})
