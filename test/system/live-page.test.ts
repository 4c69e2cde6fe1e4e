import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { snap } from '../../src/geometry/snap.js'
import { geometryOf } from '../../src/kits/geometry-of.js'
import { previewImage } from '../../src/preview/preview-image.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { detcal, startDetcal } from '../helpers/command.js'
import { liveClient } from '../web/live-client.js'
import { launchBrowser, openPage } from './browser.js'

// All of it for real: a run replayed, corrected as it comes, looked at in a browser; and the same run corrected from files.
const FRAME = 1
let folder: string
let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
  folder = mkdtempSync(join(tmpdir(), 'detcal-live-'))
  const size = ['--cells', '2', '--trains', '3']
  const catalogue = ['--catalogue', join(folder, 'catalogue')]
  for (const args of [
    ['simulate', folder, '--detector', 'agipd1m', ...size, ...catalogue],
    ['correct', join(folder, 'raw/r0001'), '--out', join(folder, 'proc'), ...catalogue],
  ]) {
    const { status, stderr } = detcal(...args)
    expect(status, stderr).toBe(0)
  }
})
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a command and waits for what it says, which `pattern` finds. */
async function begun(pattern: RegExp, ...args: string[]): Promise<{ said: string; stop: () => void }> {
  const { child } = startDetcal(...args)
  onTestFinished(() => void child.kill('SIGTERM'))
  let text = ''
  const said = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', chunk => {
      text += chunk
      const found = pattern.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(text)))
  })
  return { said, stop: () => child.kill('SIGTERM') }
}

test('the pixels that the page draws are those that a preview of the corrected run computes', async () => {
  const { said: source, stop } = await begun(
    /(tcp:\/\/127\.0\.0\.1:\d+)/,
    ...['replay', join(folder, 'raw/r0001'), '--bind', 'tcp://127.0.0.1:*', '--rate', '4', '--loop'],
  )
  const config = join(folder, 'proc/calibration_metadata_SPB_DET_AGIPD1M-1.yml')
  const { said: url } = await begun(
    /live page at (\S+)/,
    ...['serve', '--source', source, '--config', config, '--http', '127.0.0.1:0', '--bad-pixels', 'mask'],
  )
  const run = await openStoredRun(join(folder, 'proc'))
  const table = snap(await geometryOf(run.kit))
  // A replay that begins again goes on counting.
  const [first = 0] = run.trainIds
  const preview = (replayed: number) => {
    const train = run.trainIds[(replayed - first) % run.trainIds.length]
    return previewImage(run, table, { train, frame: FRAME, badPixels: 'keep' })
  }

  const client = await liveClient(new URL(url).origin)
  client.say({ type: 'view', layer: 'corrected', frame: FRAME, module: 'all' })
  await client.until(() => client.pictures.length === 1)
  const [sent] = client.pictures
  client.socket.close()
  expect(bytesOf(sent?.values).equals(bytesOf((await preview(sent?.train ?? 0)).values))).toBe(true)

  const { page, complaints, close } = await openPage(browser, url, {
    viewport: { width: 1400, height: 1200 },
  })
  onTestFinished(close)
  await page.getByRole('combobox', { name: 'frames' }).selectOption('one')
  await page.getByRole('spinbutton', { name: 'frame' }).fill(String(FRAME))
  await page.locator('.caption', { hasText: `frame ${FRAME}` }).waitFor()
  stop()
  await page.getByText('The source has stopped: no trains come.').waitFor()
  const caption = await page.locator('.caption').innerText()
  const train = Number((/Train ([\d,]+)/.exec(caption)?.[1] ?? '').replaceAll(',', ''))
  const { values } = await preview(train)
  const box = await page.locator('.picture canvas').boundingBox()
  let read = 0
  for (let i = 0; i < 40; i++) {
    const [x, y] = [(box?.x ?? 0) + (box?.width ?? 0) * (0.3 + 0.01 * i), (box?.y ?? 0) + 30 + 20 * i]
    await page.mouse.move(x, y)
    const text = await page.getByLabel('Value under the cursor').innerText()
    const [, module, slow, fast, value] =
      /module (\d+), slow scan (\d+), fast scan (\d+): (\S+)/.exec(text) ?? []
    if (module === undefined) continue
    const pixel = (Number(module) * 512 + Number(slow)) * 128 + Number(fast)
    expect(Object.is(Math.fround(Number(value)), values[table.pixels.indexOf(pixel + 1)]), text).toBe(true)
    read++
  }
  expect(read).toBeGreaterThan(10)
  expect(complaints).toEqual([])
})

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array = new Float32Array()): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
