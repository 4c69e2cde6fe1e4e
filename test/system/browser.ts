import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

/** Debian's browser, with WebGL by software: there is no graphics card where tests run. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  })
}

/** A page, and all that its console and its scripts complained about. */
export interface WatchedPage {
  readonly page: Page
  readonly complaints: string[]
  close(): Promise<void>
}

export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => {
    // What software WebGL says of its own speed is no fault of the page.
    const ours = !/GPU stall due to ReadPixels/.test(message.text())
    if (ours && /error|warning/.test(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  await page.goto(address)
  return { page, complaints, close: () => context.close() }
}

/** What axe finds that is serious or worse. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(source)
  const found = (await page.evaluate('axe.run()')) as axe.AxeResults
  expect(found.passes.length).toBeGreaterThan(10)
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
}

/** Controls without a name for those who do not see them, and how many have one. */
export async function namelessControls(page: Page): Promise<{ named: number; nameless: string[] }> {
  const controls = await page.locator('button, input, select, summary, [tabindex]').all()
  const nameless: string[] = []
  let named = 0
  for (const control of controls) {
    // What is folded away has no name yet.
    if (!(await control.isVisible())) continue
    // `- button "Zoom in"`: the accessibility tree as the browser has it.
    const tree = await control.ariaSnapshot()
    if (/^- (?:\w+) "[^"]+"|^- (?:group|text|disclosuretriangle)/.test(tree)) named++
    else nameless.push(tree)
  }
  return { named, nameless }
}
