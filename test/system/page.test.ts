import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startWeb, type Web } from '../../src/web/start-web.js'
import { type FakeService, fakeService, GEOMETRY, planesOf, TABLE } from '../web/fake-service.js'
import { launchBrowser, namelessControls, openPage, seriousFindings, type WatchedPage } from './browser.js'

// The page in a real browser, before a service whose trains the test makes.
const DOCS = resolve(import.meta.dirname, '../../docs')
const MEAN = { layer: 'corrected', frame: 'mean' } as const

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

async function serve(service: FakeService, http = '127.0.0.1:0'): Promise<Web> {
  return startWeb({ service, http, geometry: () => GEOMETRY, log: pino({ level: 'silent' }), token: 'test' })
}

async function opened(options = {}, trains = 0): Promise<WatchedPage & { service: FakeService; web: Web }> {
  const service = fakeService()
  for (let train = 0; train < trains; train++) await service.next()
  const web = await serve(service)
  const watched = await openPage(browser, web.url, options)
  onTestFinished(async () => {
    service.rest()
    await watched.close()
    await web.close()
  })
  return { ...watched, service, web }
}

/** Lets one train through when the page looks on, and waits until it is shown. @returns its id. */
async function oneTrain(page: Page, service: FakeService): Promise<number> {
  await expect.poll(() => service.watched().length, { timeout: 20_000 }).toBeGreaterThan(0)
  await service.next()
  const train = service.status().recent.at(-1)?.train ?? 0
  await page.locator('.caption', { hasText: train.toLocaleString('en') }).waitFor()
  return train
}

type Point = { readonly x: number; readonly y: number }

/** Where on the screen pixels of the assembled picture are drawn, while it is not zoomed. */
async function screenOf(canvas: Locator): Promise<(column: number, row: number) => Point> {
  const { x, y, width, height } = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
  const scale = Math.min(width / TABLE.width, height / TABLE.height)
  // As the beam sees it: columns from right to left, rows upwards.
  return (column, row) => ({
    x: x + width / 2 - (column + 0.5 - TABLE.width / 2) * scale,
    y: y + height / 2 - (row + 0.5 - TABLE.height / 2) * scale,
  })
}

/** Colours of points of what is on the screen, `[r, g, b]`. */
async function coloursAt(page: Page, points: readonly Point[]): Promise<number[][]> {
  const png = (await page.screenshot()).toString('base64')
  // As text: what it names is there in the browser alone.
  return page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${png}'), letter => letter.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes]))
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    context.drawImage(image, 0, 0)
    return ${JSON.stringify(points)}.map(({ x, y }) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3))
  })()`)
}

async function rangeOf(page: Page, from: string, to: string): Promise<void> {
  await page.getByRole('combobox', { name: 'range' }).selectOption('values')
  await page.getByRole('spinbutton', { name: 'from' }).fill(from)
  await page.getByRole('spinbutton', { name: 'to' }).fill(to)
}

describe('the picture', () => {
  test('has the values that the service gave, in each pixel that one points at', async () => {
    const { page, service, complaints } = await opened({ viewport: { width: 1400, height: 1200 } })
    const train = await oneTrain(page, service)
    const planes = planesOf(MEAN, train, [5, 11])
    const place = await screenOf(page.locator('.picture canvas'))
    let [read, gaps] = [0, 0]
    for (let i = 0; i < 24; i++) {
      const [column, row] = [(37 + 223 * i) % TABLE.width, (101 + 389 * i) % TABLE.height]
      const { x, y } = place(column, row)
      await page.mouse.move(x, y)
      const text = await page.getByLabel('Value under the cursor').innerText()
      // A point of the screen is larger than a pixel: which one is under it, the page says.
      const [, module, slow, fast, value] =
        /module (\d+), slow scan (\d+), fast scan (\d+): (\S+)/.exec(text) ?? []
      if (module === undefined) {
        expect(text).toMatch(/^column \d+, row \d+: gap$/)
        gaps++
        continue
      }
      const index = (Number(module) * 512 + Number(slow)) * 128 + Number(fast)
      const at = TABLE.pixels.indexOf(index + 1)
      expect(Math.abs((at % TABLE.width) - column)).toBeLessThanOrEqual(2)
      expect(Math.abs(Math.floor(at / TABLE.width) - row)).toBeLessThanOrEqual(2)
      expect(Object.is(Math.fround(Number(value)), planes[index]), text).toBe(true)
      read++
    }
    expect(read).toBeGreaterThan(12)
    expect(gaps).toBeGreaterThan(0)
    expect(complaints).toEqual([])
  })

  test('is drawn in the colours of those values, and gaps in none of them', async () => {
    const { page, service } = await opened({ viewport: { width: 1400, height: 1300 } })
    const train = await oneTrain(page, service)
    // Black below 20, white above 40: few values lie between.
    await page.getByLabel('colours').selectOption('Greys')
    await rangeOf(page, '20', '40')
    await page.getByRole('spinbutton', { name: 'to' }).blur()
    await page.waitForTimeout(1000)
    const planes = planesOf(MEAN, train, [5, 11])
    const place = await screenOf(page.locator('.picture canvas'))
    const wanted: (Point & { colour: 'low' | 'high' | 'gap' })[] = []
    for (let i = 0; i < 4000; i++) {
      const [column, row] = [(11 + 97 * i) % TABLE.width, (7 + 61 * i) % TABLE.height]
      // The axes' lines are over the border.
      if (Math.min(column, row, TABLE.width - column, TABLE.height - row) < 6) continue
      const around = neighbours(column, row).map(pixel =>
        pixel === 0 ? Number.NaN : (planes[pixel - 1] ?? 0),
      )
      // Only where all pixels that the point may show look alike.
      const colour = around.every(value => value < 20)
        ? 'low'
        : around.every(value => value > 40)
          ? 'high'
          : around.every(Number.isNaN)
            ? 'gap'
            : undefined
      if (colour !== undefined) wanted.push({ ...place(column, row), colour })
    }
    const seen = await coloursAt(page, wanted)
    const sets = { low: new Set<string>(), high: new Set<string>(), gap: new Set<string>() }
    for (const [i, { colour }] of wanted.entries()) sets[colour].add(String(seen[i]))
    // The ends of the map Greys, and what the style sheet says of gaps.
    expect([...sets.low]).toEqual(['0,0,0'])
    expect([...sets.high]).toEqual(['255,255,255'])
    expect([...sets.gap]).toEqual(['217,220,224'])
    for (const kind of ['low', 'high', 'gap'] as const)
      expect(wanted.filter(({ colour }) => colour === kind).length, kind).toBeGreaterThan(50)
  })

  test('is of the module, layer and frame that are chosen, by keyboard too', async () => {
    const { page, service } = await opened({ viewport: { width: 1400, height: 1000 } })
    await oneTrain(page, service)
    await page.getByRole('button', { name: /^Module 3 / }).click()
    await page.getByLabel('layer').selectOption('mask')
    await expect.poll(() => service.watched()).toEqual([{ layer: 'mask', frame: 0 }])
    const train = await oneTrain(page, service)
    await expect(page.locator('.caption').innerText()).resolves.toContain('mask, frame 0, module 3')
    await page.getByRole('application').focus()
    for (const key of ['+', '+', '+', '+', '+', '+', 'ArrowUp', 'ArrowLeft']) await page.keyboard.press(key)
    const text = await page.getByLabel('Value under the cursor').innerText()
    const [, slow, fast, said] = /module 3, slow scan (\d+), fast scan (\d+): (.+)/.exec(text) ?? []
    const value = planesOf({ layer: 'mask', frame: 0 }, train, [])[
      (3 * 512 + Number(slow)) * 128 + Number(fast)
    ]
    expect(said).toBe(value === 0 ? 'good' : 'bits 0, 11')
  })
})

/** What the table has at a pixel and around it. */
function neighbours(column: number, row: number): number[] {
  return [-2, -1, 0, 1, 2].flatMap(dy =>
    [-2, -1, 0, 1, 2].map(dx => {
      const [x, y] = [column + dx, row + dy]
      return x < 0 || y < 0 || x >= TABLE.width || y >= TABLE.height
        ? 0
        : (TABLE.pixels[y * TABLE.width + x] ?? 0)
    }),
  )
}

describe('the connection', () => {
  test('comes back within 3 s of a restart, is said to be lost and found, and the picture goes on', async () => {
    const first = fakeService()
    const web = await serve(first)
    const { page, close } = await openPage(browser, web.url)
    onTestFinished(close)
    await oneTrain(page, first)
    await web.close()
    await page.getByText('No connection to the service since').waitFor({ timeout: 3000 })
    const second = fakeService({ first: 2_000_000_001 })
    const again = await serve(second, new URL(web.address).host)
    onTestFinished(() => again.close())
    await page.getByText(/Connected again at .*, after \d+ s/).waitFor({ timeout: 3000 })
    await oneTrain(page, second)
    await expect(page.getByText('No connection').count()).resolves.toBe(0)
  })

  test('is there while no trains come: the page says which, waiting or stopped', async () => {
    const { page, service } = await opened()
    await page.getByText('Waiting for the first train: nothing has come').waitFor()
    const train = await oneTrain(page, service)
    await page.locator('.state', { hasText: 'running' }).waitFor()
    service.state = 'stalled'
    const notice = page.getByRole('status').getByText('The source has stopped: no trains come.')
    await notice.waitFor({ timeout: 3000 })
    await expect(notice.innerText()).resolves.toContain(`The last was train ${train.toLocaleString('en')} at`)
  })
})

describe('the controls', () => {
  test('change steps, frames and stride, and say what the service says against it', async () => {
    const { page, service } = await opened()
    await oneTrain(page, service)
    await page.getByLabel('relative-gain').check()
    await page.getByLabel('threshold').uncheck()
    await page.getByLabel('frames of a train').fill('0:4')
    await page.getByLabel('every nth train').fill('2')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('The settings are in force.').waitFor()
    const steps = ['offset', 'relative-gain', 'mask', 'range']
    expect(service.changes).toEqual([{ steps, pulses: '0:4', stride: 2 }])
    await page.getByLabel('xray-gain').check()
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('there is no SlopesFF of AGIPD_M305').waitFor()
    await expect(page.getByLabel('xray-gain').isChecked()).resolves.toBe(true)
    await page.getByRole('button', { name: 'Drop changes' }).click()
    await expect(page.getByLabel('xray-gain').isChecked()).resolves.toBe(false)
    await page.getByRole('button', { name: 'Reload constants' }).click()
    await page.getByText('The constants are loaded anew.').waitFor()
    expect(service.reloads()).toBe(1)
  })

  test('keep the token out of the address, and are off without it', async () => {
    const { page, web } = await opened()
    await page
      .getByLabel('Apply')
      .or(page.getByRole('button', { name: 'Reload constants' }))
      .waitFor()
    expect(new URL(page.url()).hash).toBe('')
    await page.reload()
    await expect.poll(() => page.getByRole('button', { name: 'Reload constants' }).isEnabled()).toBe(true)
    const other = await openPage(browser, web.address)
    onTestFinished(other.close)
    await other.page.getByText('Read only: open the address with the token').waitFor()
    await expect(other.page.getByRole('button', { name: 'Reload constants' }).isDisabled()).resolves.toBe(
      true,
    )
  })
})

/** Keeps what is on the screen with the documents, at most 900 pixels wide. */
async function keep(page: Page, name: string): Promise<void> {
  const png = (await page.screenshot()).toString('base64')
  const small = await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${png}'), letter => letter.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes]))
    const scale = Math.min(1, 900 / image.width)
    const canvas = new OffscreenCanvas(image.width * scale, image.height * scale)
    const context = canvas.getContext('2d')
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    const blob = await canvas.convertToBlob({ type: 'image/png' })
    return [...new Uint8Array(await blob.arrayBuffer())]
  })()`)
  writeFileSync(join(DOCS, name), Buffer.from(small as number[]))
}

describe.each([
  ['phone', { viewport: { width: 360, height: 740 }, colorScheme: 'light', hasTouch: true, isMobile: true }],
  ['wall', { viewport: { width: 2560, height: 1440 }, colorScheme: 'dark' }],
] as const)('on a %s', (name, options) => {
  test('all is there, has a name, can be read, and fits the width', async () => {
    const { page, service, complaints } = await opened(options, 120)
    await oneTrain(page, service)
    await page.getByText('Constants in use').waitFor()
    await page.waitForTimeout(1000)
    const width = await page.evaluate('document.documentElement.scrollWidth')
    expect(width).toBe(options.viewport.width)
    expect(await seriousFindings(page)).toEqual([])
    const { named, nameless } = await namelessControls(page)
    expect(nameless).toEqual([])
    expect(named).toBeGreaterThan(30)
    if (process.env['DETCAL_SCREENSHOTS'] !== undefined) await keep(page, `online-${name}.png`)
    expect(complaints).toEqual([])
  })
})
