// Writes and reads packs of a few keys in one folder, again and again, from a process of its own, and counts what it
// finds: cache-process.mjs <folder> <seed> <rounds> <limit>
import { readSync, writeSync } from 'node:fs'
import { ConstantsCache } from '../../../dist/constants/cache/cache.js'
import { payloadBytes } from '../../../dist/constants/cache/header.js'

const [folder = '', seed = '1', rounds = '10', limit = '1'] = process.argv.slice(2)
const shape = { cells: 2, planes: 3, planeBytes: 4096 }
const bytes = payloadBytes(shape)
const found = { read: 0, wrong: 0, damaged: 0, kept: 0, refused: 0 }
let state = Number(seed)
for (let round = 0; round < Number(rounds); round++) {
  // As a run that begins now.
  const cache = ConstantsCache.open({ folder, limit: Number(limit), stated: true, always: true })
  state = (state * 48271) % 2147483647
  const n = state % 5
  const key = String(n).repeat(64)
  const checksums = new Uint32Array(24).fill(n)
  const pack = cache.find(key, shape)
  if (pack === 'damaged') found.damaged++
  else if (pack) {
    const payload = Buffer.alloc(bytes)
    readSync(pack.fd, payload, 0, bytes, pack.payload)
    if (payload.every(byte => byte === n) && pack.header.checksums.every(word => word === n)) found.read++
    else found.wrong++
    pack.close()
  } else {
    const writer = cache.create(key, shape, 0)
    if (typeof writer === 'string') found.refused++
    else {
      writeSync(writer.fd, Buffer.alloc(bytes, n), 0, bytes, writer.payload)
      writer.publish({ key, shape, missing: [], checksums })
      found.kept++
    }
  }
}
process.stdout.write(JSON.stringify(found))
