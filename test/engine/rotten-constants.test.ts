import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { correct, type GoldenPlace, goldenChain, goldenPlace } from '../helpers/correction.js'
import { makeEarlier } from '../helpers/earlier-catalogue.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

it('modules of a file of constants that rotted fail, and name it: by checksums, or by the file where there are none', async () => {
  const store = join(place.catalogue, 'xfel')
  const [name] = (readdirSync(store, { recursive: true }) as string[])
    .filter(path => path.endsWith('.h5'))
    .sort()
  const path = join(store, name ?? '')
  const bytes = readFileSync(path)
  // The middle of a file is elements.
  const at = Math.floor(bytes.length / 2)
  bytes[at] = bytes[at]! ^ 0x10
  writeFileSync(path, bytes)
  for (const says of [/the checksum of rows/, /the checksum of the file/]) {
    if (says.source.endsWith('file')) makeEarlier(place.catalogue)
    const outcome = await correct({
      run: place.golden.path,
      catalogue: place.catalogue,
      out: join(place.folder, String(says.source.length)),
      workers: 1,
      ...goldenChain(place.golden, 'gain'),
    })
    const errors = outcome.modules.flatMap(({ sequences }) => sequences.map(({ error }) => error))
    const named = errors.filter(error => error?.place.file === path)
    expect(named.length).toBeGreaterThan(0)
    for (const error of named)
      expect(error).toMatchObject({ tag: 'constants', message: expect.stringMatching(says) })
  }
})
