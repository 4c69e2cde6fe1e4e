import { mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync, writevSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflate, deflateSync, inflateSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'

// That fs and zlib take views on shared memory is not documented. The engine depends on it: no byte is copied
// between a lane and a file. If this fails on a new Node, the engine needs another data path there.
const folder = mkdtempSync(join(tmpdir(), 'detcal-shared-'))
afterAll(() => rmSync(folder, { recursive: true }))

const memories: readonly [string, () => ArrayBufferLike][] = [
  ['SharedArrayBuffer', () => new SharedArrayBuffer(65536)],
  [
    'shared WebAssembly.Memory',
    () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer,
  ],
]

describe.each(memories)('views on a %s', (_, allocate) => {
  const pattern = (offset: number, length: number) =>
    Uint8Array.from({ length }, (_, i) => (i * 7 + offset) % 251)

  it('are written by fs.writeSync and fs.writevSync and read by fs.readSync, at their own offsets', () => {
    const view = new Uint8Array(allocate(), 4096, 8192)
    view.set(pattern(3, 8192))
    const path = join(folder, 'file')
    const fd = openSync(path, 'w+')
    expect(writeSync(fd, view, 16, 1000, 8)).toBe(1000)
    expect(writevSync(fd, [view.subarray(0, 100), view.subarray(5000, 5100)], 2000)).toBe(200)
    const file = readFileSync(path)
    expect(new Uint8Array(file.subarray(8, 1008))).toEqual(pattern(3, 8192).subarray(16, 1016))
    expect(new Uint8Array(file.subarray(2100, 2200))).toEqual(pattern(3, 8192).subarray(5000, 5100))

    const target = new Uint8Array(allocate(), 512, 2048)
    expect(readSync(fd, target, 24, 1000, 8)).toBe(1000)
    expect(target.slice(24, 1024)).toEqual(pattern(3, 8192).subarray(16, 1016))
    expect(target.slice(0, 24).every(byte => byte === 0)).toBe(true)
  })

  it('are deflated and inflated by zlib, sync and async', async () => {
    const view = new Uint8Array(allocate(), 1024, 50_000)
    view.set(pattern(9, 50_000))
    const plain = Buffer.from(pattern(9, 50_000))
    expect(inflateSync(deflateSync(view, { level: 1 })).equals(plain)).toBe(true)
    expect(inflateSync(await promisify(deflate)(view)).equals(plain)).toBe(true)
    const packed = deflateSync(plain)
    const shared = new Uint8Array(allocate(), 0, packed.byteLength)
    shared.set(packed)
    expect(inflateSync(shared).equals(plain)).toBe(true)
  })
})
