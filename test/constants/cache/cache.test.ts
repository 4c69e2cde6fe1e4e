import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConstantsCache, type OpenPack } from '../../../constants/cache/cache.js'
import { defaultCacheFolder } from '../../../constants/cache/folder.js'
import { decodeHeader, encodeHeader, headerBytes, payloadBytes } from '../../../constants/cache/header.js'
import { OutputError } from '../../../src/model/errors.js'
import { temporaryFolder } from '../folder.js'

const root = temporaryFolder()
let count = 0
const fresh = (): string => join(root, `cache-${count++}`)

const SHAPE = { cells: 2, planes: 3, planeBytes: 4096 }
const PACK_BYTES = headerBytes(SHAPE) + payloadBytes(SHAPE)
const keyOf = (digit: number): string => String(digit).repeat(64)

function open(folder: string, limit = 2 ** 30): ConstantsCache {
  return ConstantsCache.open({ folder, limit, stated: true, always: true })
}

/** Writes a pack full of `digit`, used `age` seconds ago. @returns why not, if it was not. */
function keep(cache: ConstantsCache, digit: number, age = 0): string | undefined {
  const writer = cache.create(keyOf(digit), SHAPE, 0)
  if (typeof writer === 'string') return writer
  const payload = Buffer.alloc(payloadBytes(SHAPE), digit)
  writeSync(writer.fd, payload, 0, payload.length, writer.payload)
  writer.publish({
    key: keyOf(digit),
    shape: SHAPE,
    missing: [1],
    checksums: new Uint32Array(24).fill(digit),
  })
  const time = Date.now() / 1000 - age
  utimesSync(join(cache.folder, `${keyOf(digit)}.pack`), time, time)
  return undefined
}

function digitsIn(folder: string): string {
  return readdirSync(folder)
    .filter(name => name.endsWith('.pack'))
    .map(name => name[0])
    .sort()
    .join('')
}

describe('a header', () => {
  const header = {
    shape: SHAPE,
    key: keyOf(7),
    missing: [1],
    checksums: Uint32Array.from({ length: 24 }, (_, i) => ~i),
  }

  it('comes back as it was', () => {
    expect(decodeHeader(encodeHeader(header), keyOf(7), SHAPE)).toEqual(header)
  })

  it('is refused with any bit changed, and for another key or shape', () => {
    const bytes = encodeHeader(header)
    for (let bit = 0; bit < 8 * bytes.length; bit += 7) {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      if (decodeHeader(bytes, keyOf(7), SHAPE) !== undefined) expect.fail(`bit ${bit}`)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
    }
    expect(decodeHeader(bytes, keyOf(6), SHAPE)).toBeUndefined()
    for (const change of [{ cells: 3 }, { planes: 2 }, { planeBytes: 8192 }])
      expect(decodeHeader(bytes, keyOf(7), { ...SHAPE, ...change })).toBeUndefined()
  })
})

describe('eviction', () => {
  it('removes what was used longest ago, and only as much as it must', () => {
    const folder = fresh()
    const cache = open(folder, 3 * PACK_BYTES + 100)
    keep(cache, 1, 100)
    keep(cache, 2, 300)
    keep(cache, 3, 200)
    // Reading one is using it.
    ;(open(folder).find(keyOf(2), SHAPE) as OpenPack).close()
    expect(keep(open(folder, 3 * PACK_BYTES + 100), 4)).toBeUndefined()
    expect(digitsIn(folder)).toBe('124')
  })

  it('leaves packs that the run has used, and refuses others instead', () => {
    const folder = fresh()
    const cache = open(folder, 2 * PACK_BYTES)
    expect([1, 2, 3].map(digit => keep(cache, digit))).toEqual([
      undefined,
      undefined,
      'no room in the constants cache',
    ])
    expect(digitsIn(folder)).toBe('12')
    expect(keep(open(folder, PACK_BYTES - 1), 4)).toBe('no room in the constants cache')
  })

  it('counts what is being written, and sweeps what dead processes left', () => {
    const folder = fresh()
    const cache = open(folder, 2 * PACK_BYTES)
    const one = cache.create(keyOf(1), SHAPE, 0)
    expect(keep(cache, 2)).toBeUndefined()
    expect(keep(cache, 3)).toMatch(/no room/)
    if (typeof one !== 'string') one.discard()
    expect(keep(cache, 3)).toBeUndefined()
    writeFileSync(join(folder, 'x.1-abc.part'), 'left')
    utimesSync(join(folder, 'x.1-abc.part'), 1e9, 1e9)
    writeFileSync(join(folder, 'not ours'), 'kept')
    keep(open(folder), 4)
    expect(existsSync(join(folder, 'x.1-abc.part'))).toBe(false)
    expect(existsSync(join(folder, 'not ours'))).toBe(true)
  })

  it('takes nothing from who is reading', () => {
    const folder = fresh()
    keep(open(folder), 5, 100)
    const pack = open(folder).find(keyOf(5), SHAPE) as OpenPack
    open(folder).remove(keyOf(5))
    const byte = Buffer.alloc(1)
    readSync(pack.fd, byte, 0, 1, pack.payload)
    expect([byte[0], pack.header.missing]).toEqual([5, [1]])
    pack.close()
  })
})

it('what is not worth packing is said', () => {
  const cache = ConstantsCache.open({ folder: fresh(), limit: 2 ** 40, stated: true })
  expect(keep(cache, 1)).toBe('too few constants to be worth packing')
  const shape = { cells: 352, planes: 8, planeBytes: 2 ** 18 }
  expect(cache.create(keyOf(1), shape, payloadBytes(shape))).toBe('too short a run to be worth packing')
  expect(cache.create(keyOf(1), { ...shape, planeBytes: 2 ** 18 + 4 }, 2 ** 40)).toMatch(/are not kept/)
})

describe('the folder', () => {
  it('is made for its owner alone', () => {
    const folder = join(fresh(), 'a', 'b')
    open(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('is refused where others may write, where it is a link and nobody named it, and where it is a file', () => {
    const folder = fresh()
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    expect(() => open(folder)).toThrow(OutputError)
    chmodSync(folder, 0o770)
    open(folder)
    const unnamed = { limit: 1, stated: false }
    expect(() => ConstantsCache.open({ folder, ...unnamed })).toThrow(/others may write/)
    chmodSync(folder, 0o700)
    ConstantsCache.open({ folder, ...unnamed })
    const link = fresh()
    symlinkSync(folder, link)
    expect(() => ConstantsCache.open({ folder: link, ...unnamed })).toThrow(/not a folder/)
    const file = fresh()
    writeFileSync(file, '')
    expect(() => open(file)).toThrow(OutputError)
  })

  it('is never a home by default', () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '/scratch/me' })).toBe('/scratch/me/detcal')
    const folder = defaultCacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/home/me' })
    if (folder !== undefined) expect(folder).toMatch(/^\/(var\/)?tmp.*\/detcal-\d+$/)
  })

  it('a link in the place of a pack is not followed', () => {
    const folder = fresh()
    const cache = open(folder)
    keep(cache, 1)
    symlinkSync(join(folder, `${keyOf(1)}.pack`), join(folder, `${keyOf(2)}.pack`))
    expect(cache.find(keyOf(2), SHAPE)).toBe('damaged')
    cache.remove(keyOf(2))
    expect(readFileSync(join(folder, `${keyOf(1)}.pack`))).toHaveLength(PACK_BYTES)
  })
})

it('processes that write, read and evict the same few packs never see a wrong one', async () => {
  const folder = fresh()
  const limit = 3 * PACK_BYTES
  const script = fileURLToPath(new URL('cache-process.mjs', import.meta.url))
  const runs = await Promise.all(
    [11, 12, 13].map(seed =>
      promisify(execFile)(process.execPath, [script, folder, `${seed}`, '400', `${limit}`]),
    ),
  )
  const found = runs.map(({ stdout }) => JSON.parse(stdout) as Record<string, number>)
  for (const each of found) expect(each).toMatchObject({ wrong: 0, damaged: 0 })
  expect(found.some(({ read = 0 }) => read > 0)).toBe(true)
  expect(found.some(({ kept = 0 }) => kept > 0)).toBe(true)
  expect(readdirSync(folder).every(name => name.endsWith('.pack'))).toBe(true)
})
