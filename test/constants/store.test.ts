import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stage } from '../../constants/catalogue/store.js'
import { temporaryFolder } from './folder.js'

const root = temporaryFolder()

test.each([
  ['ENOSPC: no space left on device, copyfile', 'no space left on device'],
  ['EROFS: read-only file system, open', 'read-only file system'],
])('%s: what keeps a file out of the store is said without names of functions', async (message, says) => {
  const put = () =>
    Promise.reject(Object.assign(new Error(`${message} 'a'`), { code: message.split(':')[0] }))
  await expect(stage(root, 'f', { file: 'cal.1.h5', beginAt: new Date(0), put })).rejects.toMatchObject({
    tag: 'output',
    message: `it cannot be copied into the catalogue: ${says}`,
    place: { file: 'cal.1.h5' },
  })
  expect(readdirSync(join(root, 'f'))).toEqual([])
})
