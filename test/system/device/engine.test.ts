import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../../src/engine/threads/engine.js'
import { DETECTORS } from '../../../src/kits/index.js'
import { detcal } from '../../helpers/command.js'
import { expectEqual } from '../../helpers/compare-served.js'
import { correct, readBack } from '../../helpers/correction.js'
import { type Frames, type GoldenStream, goldenStream, moduleSources } from '../../helpers/golden-stream.js'
import { Online } from '../../helpers/online.js'
import { SOFTWARE_DEVICE } from './swiftshader.js'

Object.assign(process.env, SOFTWARE_DEVICE)

const LOST = fileURLToPath(new URL('../../helpers/lost-device.mjs', import.meta.url))

/** Frames whose planes are compared one by one: a difference of one names train and module. */
function expectSame(found: Frames, expected: Frames): void {
  expect([...found.keys()]).toEqual([...expected.keys()])
  for (const [train, modules] of expected)
    for (const [module, frames] of modules)
      for (const [i, planes] of frames.entries())
        for (const plane of ['data', 'gain', 'mask'] as const)
          expect(
            Buffer.compare(planes[plane], found.get(train)?.get(module)?.[i]?.[plane] ?? new Uint8Array()),
            `${plane} of frame ${i}, module ${module}, train ${train}`,
          ).toBe(0)
}

// The factors of LPD's golden constants have denormals among them.
const REFUSED = { 'lpd-parallel': 'number 7 of lpdParallel)' } as const

describe.each(['agipd', 'lpd-parallel', 'dssc'] as const)('%s on a device', name => {
  let golden: GoldenStream
  let expected: Frames
  beforeAll(async () => {
    golden = await goldenStream(name)
    expected = await golden.correct()
  })
  afterAll(() => golden.remove())

  it('alone: files have every bit that the processor gives', async () => {
    const engine = await Engine.start({ workers: 0, device: 'gpu' })
    expect(engine.device).toMatch(/\w/)
    const found = await golden.correct({ options: { engine } }).finally(() => engine.close())
    expectSame(found, expected)
  })

  it('online: trains have every bit that files have, frames of several cells in one call', async () => {
    const options = { workers: 0, device: 'gpu' } as const
    const online = await Online.start(golden, { badPixelsAs: 'mask', deadline: 50 }, options)
    for (const train of golden.trains) {
      await online.send(...moduleSources(golden, train, 'file'))
      expectEqual(await online.next(), train, expected)
    }
    const said = online.incidents.flatMap(({ cause, message }) => (cause === 'device' ? [message] : []))
    const reason = name in REFUSED ? REFUSED[name as keyof typeof REFUSED] : undefined
    expect(said).toEqual(reason === undefined ? [] : [expect.stringContaining(reason)])
    await online.close()
  })
})

describe.each([
  ['agipd1m', '', 'default'],
  ['agipd1m', '--gain-stage=medium', 'default'],
  ['agipd1m', '', 'production'],
  ['lpd1m', '', 'default'],
  ['lpd1m', '--parallel-gain', 'default'],
  ['dssc1m', '', 'default'],
] as const)('a run of %s %s, steps %s', (detector, option, preset) => {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-device-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is corrected on the device alone, all of it, bit by bit as by the processor', async () => {
    const shape = ['--trains', '5', '--cells', '3', '--modules', '0,9', '--switched', '0.1']
    const made = detcal('simulate', folder, '--detector', detector, ...shape, ...(option ? [option] : []))
    expect(made.stderr).not.toContain('detcal:')
    const asked = { run: join(folder, 'raw', 'r0001'), catalogue: join(folder, 'catalogue') }
    const by = async (device: 'cpu' | 'gpu') => {
      const engine = await Engine.start({ workers: device === 'gpu' ? 0 : 1, device })
      const out = join(folder, device)
      const switches = preset === 'production' ? { 'relative-gain': true, 'adjust-mg-baseline': true } : {}
      const outcome = await correct({ ...asked, out, switches, options: { engine } })
      await engine.close()
      return { out, outcome }
    }
    const [processor, device] = [await by('cpu'), await by('gpu')]
    expect(device.outcome.frames).toBe(2 * 5 * 3)
    expect(device.outcome.device?.frames).toBe(device.outcome.frames)
    expect(device.outcome.problems).toEqual(processor.outcome.problems)
    const files = readdirSync(processor.out).filter(name => name.endsWith('.h5'))
    expect(files).toHaveLength(2)
    for (const [i, file] of files.sort().entries()) {
      const of = ({ out }: typeof device) => readBack(join(out, file), KARABO[detector] ?? '', [0, 9][i] ?? 0)
      expect((await of(device)).frames).toEqual((await of(processor)).frames)
    }
  })
})

const KARABO = Object.fromEntries(DETECTORS.map(({ id, karaboId }) => [id, karaboId]))

describe('a run that processor and device share', () => {
  let golden: GoldenStream
  let expected: Frames
  beforeAll(async () => {
    golden = await goldenStream('agipd')
    expected = await golden.correct()
  })
  afterAll(() => golden.remove())
  afterEach(() => {
    delete process.env['DETCAL_TEST_CALLS']
  })

  const run = async (engine: Engine, out: string) => {
    const { run } = golden.plan
    const { catalogue, folder } = golden
    return correct({ run: run.path, catalogue, out: `${folder}/${out}`, options: { engine } })
  }

  it('says how many frames were corrected on the device', async () => {
    const engine = await Engine.start({ workers: 0, device: 'gpu' })
    const outcome = await run(engine, 'counted').finally(() => engine.close())
    expect(outcome.device).toEqual({ name: engine.device, frames: outcome.frames })
    expect(outcome.problems.filter(({ check }) => check === 'corrector_lost')).toEqual([])
  })

  it.each([0, 1, 4])('loses no frame if the device is lost in call %i, and says so once', async calls => {
    process.env['DETCAL_TEST_CALLS'] = String(calls)
    const engine = await Engine.start({ workers: 1, device: 'gpu', deviceEntry: LOST })
    const outcomes: Awaited<ReturnType<typeof run>>[] = []
    const found = await golden.correct({ options: { engine } })
    for (const again of [1, 2]) outcomes.push(await run(engine, `lost-${calls}-${again}`))
    await engine.close()
    expectSame(found, expected)
    for (const { modules, problems, device } of outcomes) {
      expect(modules.map(({ status }) => status)).toEqual(golden.plan.modules.map(() => 'corrected'))
      const lost = problems.filter(({ check }) => check === 'corrector_lost')
      expect(lost.length).toBeLessThanOrEqual(1)
      for (const problem of lost)
        expect(problem).toMatchObject({
          severity: 'warning',
          message: expect.stringMatching(/^\w.*: device lost.*; its work was done by the processor$/),
        })
      expect(device?.frames).toBe(0)
    }
  })

  it('online: names the loss, and goes on', async () => {
    process.env['DETCAL_TEST_CALLS'] = '1'
    const options = { workers: 0, device: 'gpu', deviceEntry: LOST } as const
    const online = await Online.start(golden, { badPixelsAs: 'mask', deadline: 50 }, options)
    for (const train of golden.trains) {
      await online.send(...moduleSources(golden, train, 'file'))
      expectEqual(await online.next(), train, expected)
    }
    expect(online.incidents.find(({ cause }) => cause === 'device')?.message).toMatch(
      /device lost.*; its work is done by the processor$/,
    )
    await online.close()
  })
})
