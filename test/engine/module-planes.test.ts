import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConstantsCache } from '../../constants/cache/cache.js'
import type { CacheReport } from '../../src/engine/run/cache-use.js'
import { correct, type GoldenPlace, goldenChain, goldenPlace, readBack } from '../helpers/correction.js'
import { makeEarlier } from '../helpers/earlier-catalogue.js'

// Modules of one run whose chains differ: one lane holds now more, now fewer planes a cell.
let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

const WITHOUT_SLOPES = 4

it('a module without slopes among others with them gets the default chain, from files and from packs', async () => {
  // Rows are removed behind the catalogue's back, which one of an earlier detcal does not notice.
  makeEarlier(place.catalogue)
  const catalogue = new Database(join(place.catalogue, 'catalogue.sqlite'))
  const pdu = place.golden.constants.find(({ module }) => module === WITHOUT_SLOPES)?.pdu
  const removed = catalogue
    .prepare("DELETE FROM versions WHERE pdu = ? AND calibration IN ('SlopesPC', 'SlopesFF')")
    .run(pdu)
  catalogue.close()
  expect(removed.changes).toBe(2)

  const folder = join(place.folder, 'cache')
  for (const source of ['files', 'packs']) {
    const out = join(place.folder, source)
    const outcome = await correct({
      run: place.golden.path,
      catalogue: place.catalogue,
      out,
      workers: 1,
      ...goldenChain(place.golden, 'gain'),
      options: { cache: ConstantsCache.open({ folder, limit: 2 ** 30, stated: true, always: true }) },
    })
    expect((outcome.constantsCache as CacheReport)[source === 'files' ? 'kept' : 'read']).toHaveLength(3)
    for (const [module, sequences] of Object.entries(place.golden.modules))
      for (const { sequence, frames } of sequences) {
        const name = `CORR-R0001-AGIPD${module.padStart(2, '0')}-S${String(sequence).padStart(5, '0')}.h5`
        const found = await readBack(join(out, name), place.golden.karaboId, Number(module))
        expect(found.frames).toEqual(frames[Number(module) === WITHOUT_SLOPES ? 'default' : 'gain'])
      }
  }
})
