import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type ConstantArray, writeConstants } from '../../constants/files/write.js'

const folder = mkdtempSync(join(tmpdir(), 'detcal-constants-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As EXtra reads a constant: the array and the names of its axes. */
const READ = `
import hashlib, json, sys, h5py
with h5py.File(sys.argv[1]) as f:
    d = f[sys.argv[2]]["data"]
    print(json.dumps([list(d.attrs["dims"]), list(d.shape), d.dtype.str, hashlib.sha256(d[()].tobytes()).hexdigest()]))
`

test.each([
  ['f4', Float32Array],
  ['f8', Float64Array],
  ['u4', Uint32Array],
] as const)('h5py reads constants of %s as they were written', async (dtype, Numbers) => {
  const path = join(folder, `${dtype}.h5`)
  const shape = [128, 512, 2, 3]
  const dims = ['fast_scan', 'slow_scan', 'cell', 'gain']
  const data = new Numbers(128 * 512 * 6)
  for (let i = 0; i < data.length; i++) data[i] = (i * 40_503) % 2 ** 32
  await writeConstants(path, [
    { pdu: 'PDU', calibration: 'Offset', shape, dims, dtype, data } as ConstantArray,
  ])
  const read = execFileSync('/usr/bin/python3', ['-c', READ, path, '/PDU/Offset/0'], { encoding: 'utf8' })
  const sha256 = createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex')
  expect(JSON.parse(read)).toEqual([dims, shape, `<${dtype}`, sha256])
})

/** What an exported file says, as h5py sees it. */
const STATED = `
import json, sys, h5py
with h5py.File(sys.argv[1]) as f:
    version = f["PDU/Offset/0"]
    conditions = {d.attrs["database_name"]: d.asstr()[()] if d.dtype.kind == "O" else d[()] for d in version["operating_condition"].values()}
    print(json.dumps([conditions, version.attrs["begin_at"], version.attrs["raw_data_location"], list(f["PDU"].attrs["placements"])]))
`

test('h5py reads what a file states of its constants', async () => {
  const path = join(folder, 'stated.h5')
  const conditions = { 'Memory cells': 352, 'Memory cell order': '0,2,1,' }
  const places = [{ detector: 'SPB_DET_AGIPD1M-1', module: 3 }]
  const statements = { beginAt: new Date(1738172761382), conditions, rawData: 'proposal:1 runs:2', places }
  await writeConstants(path, [
    {
      pdu: 'PDU',
      calibration: 'Offset',
      shape: [2],
      dims: ['cell'],
      dtype: 'f4',
      data: new Float32Array(2),
      statements,
    },
  ])
  const read = execFileSync('/usr/bin/python3', ['-c', STATED, path], { encoding: 'utf8' })
  expect(JSON.parse(read)).toEqual([
    conditions,
    '2025-01-29T17:46:01.382Z',
    'proposal:1 runs:2',
    ['SPB_DET_AGIPD1M-1/3'],
  ])
})
