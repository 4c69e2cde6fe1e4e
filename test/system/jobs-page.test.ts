import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { detcal } from '../helpers/command.js'
import { type JobTree, jobTree, RUN_OF_TREE, type StartedService, startService } from '../helpers/job-tree.js'
import { launchBrowser, namelessControls, openPage, seriousFindings } from './browser.js'

// The page of jobs in a real browser, before a real service that corrects a run.
const DOCS = resolve(import.meta.dirname, '../../docs')

let browser: Browser
let tree: JobTree
beforeAll(async () => {
  ;[browser, tree] = await Promise.all([launchBrowser(), jobTree()])
})
afterAll(async () => {
  await browser.close()
  tree.remove()
})

interface ServedPage {
  readonly service: StartedService
  readonly url: string
  readonly queue: string
}

let count = 0
async function served(): Promise<ServedPage> {
  const queue = join(tree.folder, `queue-${count++}.sqlite`)
  rmSync(join(tree.proposal, 'proc'), { recursive: true, force: true })
  const service = await startService(tree, queue, ['--http', '127.0.0.1:0', '--max-jobs', '2'])
  onTestFinished(async () => {
    service.child.kill('SIGTERM')
    await service.ended
  })
  const [, url = ''] = /page at (\S+)/.exec(service.log()) ?? []
  return { service, url, queue }
}

function submit(queue: string, run: number = RUN_OF_TREE.run): void {
  const { instrument, cycle, proposal } = RUN_OF_TREE
  const which = [
    '--instrument',
    instrument,
    '--cycle',
    cycle,
    '--proposal',
    String(proposal),
    '--run',
    String(run),
  ]
  const { status, stderr } = detcal('jobs', 'submit', '--queue', queue, '--quality', 'good', ...which)
  expect(stderr).toBe('')
  expect(status).toBe(0)
}

async function opened(url: string, options = {}) {
  const watched = await openPage(browser, url, options)
  onTestFinished(watched.close)
  return watched
}

describe('the page of jobs', () => {
  test('follows a run from request to report without a reload', async () => {
    const { url, queue } = await served()
    const { page, complaints } = await opened(url, { viewport: { width: 1400, height: 900 } })
    let loads = 0
    page.on('load', () => loads++)
    await page.getByText('Nothing was asked for yet.').waitFor()
    submit(queue)
    await page.getByRole('heading', { name: 'Request 1: SPB p900900 r0001' }).waitFor()
    // Some of the states that it goes through are seen.
    await page.locator('.tone[data-tone="active"]').first().waitFor({ timeout: 30_000 })
    const report = page.getByRole('link', { name: 'Report of SPB_DET_AGIPD1M-1' })
    await report.waitFor({ timeout: 60_000 })
    await page.getByText('All 2 modules are corrected').waitFor()
    await page.getByRole('button', { name: /^correct-01/ }).click()
    await page.getByRole('heading', { name: 'Log of correct-01' }).waitFor()
    await page.locator('.log', { hasText: 'correct-01, start 1: process' }).waitFor()
    const [shown] = await Promise.all([page.context().waitForEvent('page'), report.click()])
    await shown.locator('.verdict', { hasText: 'All 2 modules are corrected' }).waitFor()
    expect(await shown.locator('.assembled img').count()).toBe(2)
    // What stands in a report has no way to run.
    expect(await shown.evaluate('location.pathname')).toBe('/api/requests/1/reports/SPB_DET_AGIPD1M-1')
    expect(loads).toBe(0)
    expect(complaints).toEqual([])
  })

  test('cancels a request with the token alone, and says why not without', async () => {
    const { url, queue } = await served()
    // Of a run that is not there: it waits.
    submit(queue, 7)
    const without = await opened(url.replace(/#.*/, ''))
    await without.page.getByText('To cancel it, open the address with its token').waitFor()
    expect(await without.page.getByRole('button', { name: /^Cancel/ }).count()).toBe(0)
    const { page, complaints } = await opened(url)
    expect(page.url()).not.toContain('token')
    await page.getByRole('button', { name: 'Cancel request 1' }).click()
    await page.locator('section .tone', { hasText: 'cancelled' }).first().waitFor()
    expect(complaints).toEqual([])
  })

  test('says that the service has gone, and goes on when it is back', async () => {
    const { url, queue, service } = await served()
    submit(queue, 7)
    const { page } = await opened(url)
    await page.getByRole('heading', { name: 'Request 1: SPB p900900 r0007' }).waitFor()
    service.child.kill('SIGTERM')
    await page.getByText('No connection to the service').waitFor()
    const port = new URL(url).port
    const again = await startService(tree, queue, ['--http', `127.0.0.1:${port}`])
    onTestFinished(async () => {
      again.child.kill('SIGTERM')
      await again.ended
    })
    await page.getByText('connected', { exact: true }).waitFor()
  })

  test.each([
    [360, 'light'],
    [360, 'dark'],
    [1280, 'light'],
    [2560, 'dark'],
  ] as const)('%i pixels wide, %s: it fits, and axe finds nothing serious', async (width, colorScheme) => {
    const { url, queue } = await served()
    submit(queue)
    submit(queue, 7)
    const { page, complaints } = await opened(url, { viewport: { width, height: 900 }, colorScheme })
    await page.getByRole('button', { name: /r0001/ }).click()
    await page.getByRole('link', { name: /^Report of/ }).waitFor({ timeout: 60_000 })
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0)
    expect(await seriousFindings(page)).toEqual([])
    expect((await namelessControls(page)).nameless).toEqual([])
    expect(complaints).toEqual([])
    if (process.env['DETCAL_SCREENSHOTS'] !== undefined && width !== 2560 && colorScheme === 'light')
      await page.screenshot({ path: join(DOCS, `jobs-${width === 360 ? 'phone' : 'desk'}.png`) })
  })
})
