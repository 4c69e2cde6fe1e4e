import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detcal, detcalWith } from '../helpers/command.js'

/** A machine whose Vulkan has no driver, or that has no Vulkan at all. */
const NO_GPU = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' }

const folder = mkdtempSync(join(tmpdir(), 'detcal-no-gpu-'))
const correct = ['correct', join(folder, 'raw', 'r0001'), '--catalogue', join(folder, 'catalogue'), '--json']
beforeAll(() => {
  detcal('simulate', folder, '--detector', 'dssc1m', '--trains', '2', '--cells', '2', '--modules', '0')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('without a GPU', () => {
  it('--device gpu is an error that says what is missing, before anything is read or written', () => {
    const { status, stdout, stderr } = detcalWith(NO_GPU, ...correct, '--out', '/x', '--device', 'gpu')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/detcal: --device gpu: there is no adapter\. Install the driver of the GPU/)
  })

  it('--device auto corrects on the processor, and says nothing of it', () => {
    const { status, stdout } = detcalWith(
      NO_GPU,
      ...correct,
      '--out',
      join(folder, 'out'),
      '--device',
      'auto',
    )
    const { frames, device, problems } = JSON.parse(stdout)
    expect({ status, frames, device }).toEqual({ status: 0, frames: 4, device: undefined })
    expect(problems.filter(({ check }: { check: string }) => check === 'corrector_lost')).toEqual([])
  })

  it('detcal devices says so, and detcal serve refuses', () => {
    const devices = detcalWith(NO_GPU, 'devices', '--json')
    expect(devices.status).toBe(1)
    expect(JSON.parse(devices.stdout)).toEqual(
      expect.objectContaining({ adapters: [], problem: expect.stringContaining('there is no adapter') }),
    )
    const stream = ['--source', 'tcp://127.0.0.1:1', '--publish', 'tcp://127.0.0.1:*', '--http', 'off']
    const served = detcalWith(
      NO_GPU,
      ...['serve', ...stream, '--catalogue', join(folder, 'catalogue'), '--device', 'gpu'],
    )
    expect(served.status).toBe(2)
    expect(served.stderr).toContain('--device gpu: there is no adapter')
  })

  it('a device that does not exist is refused by name', () => {
    const { status, stderr } = detcal(...correct, '--out', join(folder, 'x'), '--device', 'tpu')
    expect(status).toBe(2)
    expect(stderr).toMatch(/device/)
  })
})
