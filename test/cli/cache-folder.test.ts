import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detcalWith, type Ended, failureLines } from '../helpers/command.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

let place: GoldenPlace
beforeAll(async () => {
  place = await goldenPlace()
})
afterAll(() => place.remove())

function correct(cacheHome: string, ...options: string[]): { ended: Ended; out: string } {
  const out = join(scratch(), 'proc')
  const env = { XDG_CACHE_HOME: cacheHome }
  const input = [place.golden.path, '--catalogue', place.catalogue]
  return { ended: detcalWith(env, 'correct', ...input, '--out', out, ...options), out }
}

describe('a cache folder that cannot be made', () => {
  test.each([
    ['on a file system that takes none', () => '/proc/x'],
    [
      'because it is a file',
      (folder: string) => {
        writeFileSync(join(folder, 'cache'), '')
        return join(folder, 'cache')
      },
    ],
    [
      'because it is a link that leads nowhere',
      (folder: string) => {
        symlinkSync('gone', join(folder, 'cache'))
        return join(folder, 'cache')
      },
    ],
  ])('costs the cache and not the correction: %s', (_, homeIn) => {
    const home = homeIn(scratch())
    const { ended, out } = correct(home, '--json')
    expect(ended.status).toBe(0)
    expect(failureLines(ended)).toEqual([])
    expect(ended.stderr).toContain(`warning: ${join(home, 'detcal')}: it cannot hold the constants cache: `)
    expect(JSON.parse(ended.stdout).constantsCache).toMatchObject({ folder: join(home, 'detcal') })
    expect(existsSync(join(out, 'CORR-R0001-AGIPD00-S00000.h5'))).toBe(true)
  })

  test('is an error where it was named', () => {
    const { ended, out } = correct(scratch(), '--constants-cache', '/proc/x/y')
    expect(ended.status).toBe(1)
    expect(failureLines(ended)).toEqual([
      expect.stringMatching(/^detcal: \/proc\/x\/y: it cannot hold the constants cache: .*mkdir '\/proc\/x'/),
    ])
    expect(existsSync(out)).toBe(false)
  })
})
