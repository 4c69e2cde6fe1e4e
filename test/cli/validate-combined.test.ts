import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readHdf5 } from '../../src/hdf5/index.js'
import { detcal } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'

let place: GoldenPlace
let file: string
beforeAll(async () => {
  place = await goldenPlace()
  file = join(place.folder, 'run.cxi')
  const options = ['--out', join(place.folder, 'proc'), '--combined', file, '--no-corr', '--trains', ':1']
  expect(detcal('correct', place.golden.path, '--catalogue', place.catalogue, ...options).status).toBe(0)
})
afterAll(() => place.remove())

const validate = (path: string) => {
  const { status, stdout } = detcal('validate', path, '--json')
  const { problems } = JSON.parse(stdout) as { problems: { message: string }[] }
  return [status, ...problems.map(({ message }) => message)]
}

test('a combined file is validated as what it is', async () => {
  expect(validate(file)).toEqual([0])
  const bytes = readFileSync(file)
  const [id] = await readHdf5(file, open => open.dataset('entry_1/trainId')?.read([0], [1]) ?? [])
  const word = Buffer.alloc(8)
  word.writeBigUInt64LE(BigInt(id ?? 0))
  const damaged = join(place.folder, 'damaged.cxi')
  writeFileSync(damaged, Buffer.from(bytes).fill(0, bytes.indexOf(word), bytes.indexOf(word) + 8))
  expect(validate(damaged)).toEqual([1, 'train 0 cannot be, or is out of order'])
  writeFileSync(
    damaged,
    Buffer.from(bytes.toString('latin1').replaceAll('detcal_options', 'detcal_other__'), 'latin1'),
  )
  expect(validate(damaged)).toEqual([1, 'lacks the attribute detcal_options'])
  truncateSync(damaged, bytes.length / 2)
  expect(validate(damaged)[0]).toBe(1)
})
