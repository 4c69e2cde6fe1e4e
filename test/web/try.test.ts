import { writeFileSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { test } from 'vitest'
import { startWeb } from '../../src/web/start-web.js'
import { fakeService, GEOMETRY } from './fake-service.js'
test('try', async () => {
  const service = fakeService()
  const web = await startWeb({ service, http: '127.0.0.1:0', geometry: () => GEOMETRY, interval: 100 })
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] })
  for (const [name, width, height, scheme] of [['phone', 360, 740, 'light'], ['desk', 1400, 900, 'dark'], ['wall', 2560, 1440, 'dark']] as const) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme })
    const page = await context.newPage()
    page.on('console', m => console.log(name, m.type(), m.text()))
    page.on('pageerror', e => console.log(name, 'ERR', e.message))
    service.run(200)
    await page.goto(web.url)
    await page.waitForTimeout(4000)
    const hit = page.locator('canvas').first()
    await hit.hover({timeout:5000}).catch(e => console.log(String(e)))
    await page.waitForTimeout(500)
    writeFileSync(`/tmp/web-agent/${name}.png`, await page.screenshot({ fullPage: name === 'phone' }))
    console.log(name, await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]), await page.locator('.readout').innerText().catch(() => '?'))
    await context.close()
  }
  service.rest()
  await browser.close()
  await web.close()
}, 60000)
