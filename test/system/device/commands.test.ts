import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { detcalWith } from '../../helpers/command.js'
import { SOFTWARE_DEVICE } from './swiftshader.js'

const folder = mkdtempSync(join(tmpdir(), 'detcal-devices-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const detcalOn = (...args: string[]) => detcalWith(SOFTWARE_DEVICE, ...args)

describe('detcal devices', () => {
  it('tells limits, self-test and rates', () => {
    const { status, stdout, stderr } = detcalOn('devices', '--json')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { adapters } = JSON.parse(stdout)
    expect(adapters[0]).toMatchObject({
      limits: { maxBufferSize: expect.any(Number), maxStorageBufferBindingSize: expect.any(Number) },
      selfTest: { kernels: 7, pixels: 172032 },
    })
    for (const rate of ['upload', 'download', 'corrected']) expect(adapters[0].rates[rate]).toBeGreaterThan(0)
    expect(detcalOn('devices').stdout).toMatch(/self-test: 7 kernels give the bits of their definitions/)
  })

  it.runIf(SOFTWARE_DEVICE['DETCAL_SOFTWARE_GPU'])('refuses what calculates on the processor', () => {
    const { status, stdout } = detcalWith({ ...SOFTWARE_DEVICE, DETCAL_SOFTWARE_GPU: '' }, 'devices')
    expect(status).toBe(1)
    expect(stdout).toMatch(/not used: SwiftShader.* calculates on the processor/)
  })
})

describe('detcal correct and serve', () => {
  it('--device gpu and auto correct on the device', () => {
    const simulated = ['--detector', 'dssc1m', '--trains', '64', '--cells', '4', '--modules', '0-1']
    detcalOn('simulate', folder, ...simulated)
    for (const device of ['gpu', 'auto']) {
      const run = [join(folder, 'raw', 'r0001'), '--out', join(folder, device)]
      const machine = ['--device', device, '--workers', '1', '--json']
      const { status, stdout } = detcalOn(
        'correct',
        ...run,
        '--catalogue',
        join(folder, 'catalogue'),
        ...machine,
      )
      const { frames, device: used } = JSON.parse(stdout)
      expect({ status, frames }).toEqual({ status: 0, frames: 2 * 64 * 4 })
      expect(used.name).toMatch(/\w/)
      expect(used.frames).toBeGreaterThan(0)
    }
  })
})

describe('detcal bench', () => {
  it('kernels --device gpu measures every chain, with the same bits from all', () => {
    const { status, stdout } = detcalOn(
      ...['bench', 'kernels', '--device', 'gpu', '--quick', '--rounds', '1', '--json'],
      ...['--scratch', folder],
    )
    expect(status).toBe(0)
    const results: { name: string; implementation: string; note?: string }[] = JSON.parse(stdout).results
    const own = ['detcal', 'detcal, WGSL', 'detcal, WGSL, kernel alone']
    const all = [...own, 'gpu.js, WebGPU']
    const chains = new Map<string, string[]>()
    for (const { name, implementation } of results)
      chains.set(name, [...(chains.get(name) ?? []), implementation])
    expect([...chains.values()]).toEqual([all, own, all, own, all])
    expect(results.filter(({ note }) => note?.includes('other bits'))).toEqual([])
  })
})
