import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { html } from '../../bench/report/html.js'
import { resultOf } from '../../bench/result.js'
import { darkReport } from '../../src/report/dark/write.js'
import { detcal } from '../helpers/command.js'
import { darkResultOf } from '../helpers/dark-result.js'
import { launchBrowser, openPage, seriousFindings, type WatchedPage } from './browser.js'

// The reports in a real browser: on a phone and on a screen, by day and by night.
let browser: Browser
let folder: string
beforeAll(async () => {
  browser = await launchBrowser()
  folder = mkdtempSync(join(tmpdir(), 'detcal-reports-'))
  writeFileSync(join(folder, 'dark.html'), darkReport(...darkResultOf(16), 'detcal 0.1.0+0123456789abcdef'))
  writeFileSync(join(folder, 'bench.html'), benchReport())
  runReport(join(folder, 'run.html'))
})
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

/** Of a corrected run of two modules. */
function runReport(path: string): void {
  const catalogue = join(folder, 'catalogue')
  const size = ['--modules', '0,3', '--trains', '4', '--trains-per-file', '2', '--cells', '2']
  const run = join(folder, 'raw', 'r0001')
  for (const args of [
    ['simulate', folder, '--detector', 'agipd1m', '--catalogue', catalogue, '--run', '1', ...size],
    ['correct', run, '--out', join(folder, 'proc'), '--catalogue', catalogue, '--report', path],
  ]) {
    const { status, stderr } = detcal(...args)
    if (status !== 0) throw new Error(stderr)
  }
}

function benchReport(): string {
  const samples = (...ns: number[]) => ns.map(value => ({ ns: value, cpuNs: value }))
  const task = { name: 'kernel, 0.4 % switched', pixels: 10, bytesPerPixel: 13 }
  const names = ['detcal, listing', 'C, -O3 -march=native', 'plain JavaScript', 'gpu.js (CPU)']
  return html({
    machine: {
      ...{ cpu: 'a processor with a long name at 2.5 GHz', cores: 2, memory: 2 ** 34, cache: 2 ** 25 },
      ...{ kernel: 'Linux 6', node: 'v20', commit: 'abc', date: '2026-01-01T00:00:00.000Z', load: 0 },
    },
    results: names.map((implementation, i) =>
      resultOf(task, { implementation, samples: samples(6 * 5 ** i, 7 * 5 ** i, 9 * 5 ** i) }),
    ),
  })
}

async function opened(name: string, options: Parameters<typeof openPage>[2]): Promise<WatchedPage> {
  const watched = await openPage(browser, pathToFileURL(join(folder, name)).href, options)
  onTestFinished(watched.close)
  return watched
}

/** Everything that a click can unfold. */
async function unfold(page: Page): Promise<void> {
  await page.evaluate('document.querySelectorAll("details").forEach(each => { each.open = true })')
}

const SCREENS = [
  [400, 'light'],
  [400, 'dark'],
  [1280, 'dark'],
] as const

describe.each(SCREENS)('%i pixels wide, %s,', (width, colorScheme) => {
  const options = { viewport: { width, height: 800 }, colorScheme }

  test.each(['dark.html', 'bench.html', 'run.html'])('%s fits, unfolded too, and can be read', async name => {
    const { page, complaints } = await opened(name, options)
    const overflow = () => page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(await overflow()).toBe(0)
    await unfold(page)
    expect(await overflow()).toBe(0)
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('letters of the bench charts are as large as a finger-tip label', async () => {
    const { page } = await opened('bench.html', options)
    const heights = (await page.evaluate(
      '[...document.querySelectorAll("svg text")].map(text => text.getBoundingClientRect().height)',
    )) as number[]
    expect(heights.length).toBeGreaterThan(8)
    expect(Math.min(...heights)).toBeGreaterThan(11)
  })
})

describe('the dark report', () => {
  const phone = { viewport: { width: 400, height: 800 } }

  test('says first what came of it and shows the whole detector; details are folded', async () => {
    const { page } = await opened('dark.html', phone)
    const verdict = page.locator('.verdict')
    await expect(verdict.innerText()).resolves.toMatch(/^All 16 modules are characterised\. 16 need a look\./)
    const box = await verdict.boundingBox()
    expect((box?.y ?? 800) + (box?.height ?? 0)).toBeLessThan(800)
    await expect(page.locator('.assembled img').count()).resolves.toBe(3)
    await expect(page.locator('.module').first().isVisible()).resolves.toBe(false)
    // The whole front page is a few screens, not a scroll of a day.
    expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThan(6000)
  })

  test('unfolds a module by a link to it', async () => {
    const { page } = await opened('dark.html', phone)
    await page.getByRole('link', { name: 'module 3' }).first().click()
    await page.locator('#module-3 .stage').first().waitFor({ state: 'visible' })
    await expect(page.locator('#module-4').isVisible()).resolves.toBe(false)
  })

  test('prints what is folded', async () => {
    const { page } = await opened('dark.html', { viewport: { width: 1000, height: 800 } })
    const height = () => page.evaluate('document.documentElement.scrollHeight') as Promise<number>
    const folded = await height()
    await page.emulateMedia({ media: 'print' })
    expect(await height()).toBeGreaterThan(5 * folded)
  })

  test('shows bad pixels as clearly by night as by day', async () => {
    const colours = async (colorScheme: 'light' | 'dark') => {
      const { page } = await opened('dark.html', { viewport: { width: 1280, height: 900 }, colorScheme })
      const image = page.locator('.assembled img').nth(2)
      return (await image.screenshot()).toString('base64')
    }
    const pages = await Promise.all([colours('light'), colours('dark')])
    const { page } = await opened('dark.html', {})
    // Of each pixel that is part of a module its colour by day and by night; gaps show the page.
    const differing = await page.evaluate(`(async () => {
      const pixels = await Promise.all(${JSON.stringify(pages)}.map(async png => {
        const bytes = Uint8Array.from(atob(png), letter => letter.charCodeAt(0))
        const image = await createImageBitmap(new Blob([bytes]))
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
        context.drawImage(image, 0, 0)
        return context.getImageData(0, 0, image.width, image.height).data
      }))
      let [same, all] = [0, 0]
      for (let i = 0; i < pixels[0].length; i += 4) {
        all++
        if ([0, 1, 2].every(c => pixels[0][i + c] === pixels[1][i + c])) same++
      }
      return [same, all]
    })()`)
    const [same = 0, all = 0] = differing as number[]
    // Modules are more than half of the image.
    expect(same / all).toBeGreaterThan(0.6)
    expect(same / all).toBeLessThan(1)
  })
})

test('the report of a run says first what came of it and shows the whole detector; details are folded', async () => {
  const { page } = await opened('run.html', { viewport: { width: 400, height: 800 } })
  const verdict = page.locator('.verdict')
  await expect(verdict.innerText()).resolves.toMatch(/^All 2 modules are corrected \(the detector has 16\)\./)
  await expect(page.locator('.assembled img').count()).resolves.toBe(2)
  await expect(page.locator('table').first().isVisible()).resolves.toBe(false)
  expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThan(2000)
  await unfold(page)
  await expect(page.getByRole('cell', { name: 'OFFSET_OUT_OF_THRESHOLD' }).isVisible()).resolves.toBe(true)
})
