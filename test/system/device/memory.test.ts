import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { detcal } from '../../helpers/command.js'
import { SOFTWARE_DEVICE } from './swiftshader.js'

const TRAINS = fileURLToPath(new URL('../../helpers/device-trains.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'detcal-device-memory-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('a thousand trains on a device, two in flight: memory stays as it is, and the process ends clean', () => {
  const simulated = ['--detector', 'agipd1m', '--trains', '1', '--cells', '2', '--modules', '0']
  detcal('simulate', folder, ...simulated)
  const args = [TRAINS, join(folder, 'catalogue'), 'SPB_DET_AGIPD1M-1', '0', '1000']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...SOFTWARE_DEVICE },
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { done, before, after } = JSON.parse(stdout)
  expect(done).toBe(1000)
  // Pages that the library keeps come and go; a train that stayed would be 2.3 MB.
  expect(after - before).toBeLessThan(64)
})
