import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { LOSS_CAUSES, type OnlineStatus } from '../../src/online/live.js'
import { startWeb, type Web } from '../../src/web/start-web.js'
import { type FakeService, fakeService, GEOMETRY } from './fake-service.js'

const ROOT = resolve(import.meta.dirname, '../..')
const TOKEN = 'only-for-this-test'

async function started(): Promise<{ service: FakeService; web: Web }> {
  const service = fakeService()
  const log = pino({ level: 'silent' })
  const web = await startWeb({
    ...{ service, http: '127.0.0.1:0', geometry: () => GEOMETRY, log, token: TOKEN },
    names: ['hutch.example.org'],
  })
  onTestFinished(() => web.close())
  return { service, web }
}

/** Fetch would set Host and Origin itself. */
function ask(web: Web, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((done, failed) => {
    request(`${web.address}${path}`, { headers }, answer => {
      answer.resume()
      done(answer.statusCode ?? 0)
    })
      .on('error', failed)
      .end()
  })
}

function post(web: Web, path: string, body: string, token = TOKEN): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return fetch(`${web.address}${path}`, { method: 'POST', headers, body })
}

describe('whose page may ask', () => {
  test.each([
    ['127.0.0.1:80', 200],
    ['localhost:9', 200],
    ['[::1]:9', 200],
    ['10.1.2.3', 200],
    [hostname(), 200],
    ['hutch.example.org:8080', 200],
    ['evil.example.org', 421],
    ['localhost.evil.org', 421],
    ['127.0.0.1.evil.org', 421],
    ['a b', 400],
  ])('by the name it has for this machine: "%s"', async (host, status) => {
    const { web } = await started()
    // What is no host at all is refused by the library that reads it.
    const answer = await ask(web, '/api/status', { host })
    if (status >= 400) expect(answer).toBeGreaterThanOrEqual(400)
    else expect(answer).toBe(status)
  })

  test('by where it comes from', async () => {
    const { web } = await started()
    const host = new URL(web.address).host
    expect(await ask(web, '/api/status', { origin: web.address })).toBe(200)
    for (const origin of [
      'http://evil.example.org',
      'null',
      `https://${host}.evil.org`,
      'http://127.0.0.1:1',
    ])
      expect(await ask(web, '/api/status', { origin })).toBe(403)
    const socket = new WebSocket(`ws://${host}/live`, { origin: 'http://evil.example.org' })
    const refused = await new Promise(done =>
      socket.on('unexpected-response', (_, { statusCode }) => done(statusCode)),
    )
    expect(refused).toBe(403)
    socket.on('error', () => {})
    socket.terminate()
  })
})

describe('changes', () => {
  test('need the token, in its header', async () => {
    const { service, web } = await started()
    for (const path of ['/api/settings', '/api/reload']) {
      expect((await post(web, path, '{}', 'wrong')).status).toBe(401)
      expect(
        (await fetch(`${web.address}${path}?token=${TOKEN}`, { method: 'POST', body: '{}' })).status,
      ).toBe(401)
    }
    expect([service.changes, service.reloads()]).toEqual([[], 0])
    const headers = { authorization: `Bearer ${TOKEN}` }
    expect((await fetch(`${web.address}/api/token`, { headers })).status).toBe(204)
    expect((await fetch(`${web.address}/api/token`)).status).toBe(401)
  })

  test('reach the service as they are', async () => {
    const { service, web } = await started()
    const settings = { steps: ['offset'], pulses: '0:4', stride: 2 }
    expect((await post(web, '/api/settings', JSON.stringify(settings))).status).toBe(204)
    expect((await post(web, '/api/reload', '{}')).status).toBe(204)
    expect([service.changes, service.reloads()]).toEqual([[settings], 1])
    expect(((await (await fetch(`${web.address}/api/status`)).json()) as OnlineStatus).settings).toEqual(
      settings,
    )
  })

  test.each([
    ['no JSON', '{', 'settings: expected'],
    ['another key', '{"workers":4}', 'workers'],
    ['a stride of none', '{"stride":0}', 'stride'],
    ['steps that are none', '{"steps":[1]}', 'steps.0'],
    ['a step that nobody knows', '{"steps":["dance"]}', 'there is no step dance'],
  ])('that cannot be are refused by name: %s', async (_, body, message) => {
    const { service, web } = await started()
    const answer = await post(web, '/api/settings', body)
    expect(answer.status).toBe(422)
    expect(((await answer.json()) as { error: string }).error).toContain(message)
    expect(service.changes).toEqual([])
  })

  test('without constants say which, and what to do', async () => {
    const { web } = await started()
    const answer = await post(web, '/api/settings', '{"steps":["xray-gain"]}')
    expect(answer.status).toBe(409)
    expect(((await answer.json()) as { error: string }).error).toBe(
      'module 3: there is no SlopesFF of AGIPD_M305 for this time. Import one, or go on without the step xray-gain.',
    )
  })

  test('of more than a few kilobytes are not read', async () => {
    const { web } = await started()
    expect((await post(web, '/api/settings', JSON.stringify({ pulses: 'x'.repeat(20_000) }))).status).toBe(
      413,
    )
  })
})

describe('the page', () => {
  test('is there, with a policy that lets nothing else in', async () => {
    const { web } = await started()
    const answer = await fetch(`${web.address}/`)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(await answer.text()).toBe(readFileSync(join(ROOT, 'src/web/page/index.html'), 'utf8'))
    const script = await fetch(`${web.address}/page.js`)
    expect(script.headers.get('content-encoding')).toBe('gzip')
    expect(await script.text()).toBe(readFileSync(join(ROOT, 'dist/web/page.js'), 'utf8'))
    const headers = { 'if-none-match': script.headers.get('etag') ?? '' }
    expect((await fetch(`${web.address}/page.js`, { headers })).status).toBe(304)
  })

  test('is all there is', async () => {
    const { web } = await started()
    for (const path of [
      '/package.json',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '//etc/passwd',
    ])
      expect(await ask(web, path, {}), path).toBe(404)
  })

  test('names what it is made of', () => {
    const notices = readFileSync(join(ROOT, 'dist/web/THIRD-PARTY.txt'), 'utf8')
    for (const name of [
      '@h5web/lib',
      '@react-three/fiber',
      'd3-scale',
      'react',
      'react-dom',
      'three',
      'uplot',
    ])
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|ISC|BSD-3-Clause)\\)$`, 'm'))
    // Each with the text of its licence.
    expect(notices.split('-'.repeat(78)).filter(notice => notice.trim().length < 500)).toEqual([])
  })

  test('needs an address that can be listened on', async () => {
    const service = fakeService()
    const options = { service, geometry: () => GEOMETRY, log: pino({ level: 'silent' }) }
    for (const http of ['here', '127.0.0.1', '127.0.0.1:70000', ':80', 'a:b:1'])
      await expect(startWeb({ ...options, http })).rejects.toThrow('is not an address')
    const { web } = await started()
    await expect(startWeb({ ...options, http: new URL(web.address).host })).rejects.toThrow('EADDRINUSE')
  })

  test('that nobody names is another one for each service', async () => {
    const options = { service: fakeService(), geometry: () => GEOMETRY, log: pino({ level: 'silent' }) }
    const webs = [await startWeb(options), await startWeb(options)]
    for (const { address } of webs) expect((await fetch(address)).status).toBe(200)
    const ports = webs.map(({ address }) => Number(new URL(address).port))
    for (const web of webs) await web.close()
    expect(ports[1]).toBeGreaterThan(ports[0] as number)
    expect(ports[0]).toBeGreaterThanOrEqual(8080)
  })
})

describe('what Prometheus reads', () => {
  test('are the service’s own counts, each train in the histogram once', async () => {
    const { service, web } = await started()
    const metrics = async () => (await (await fetch(`${web.address}/metrics`)).text()).split('\n')
    await service.next()
    await service.next()
    await metrics()
    for (let train = 0; train < 8; train++) await service.next()
    const lines = await metrics()
    expect(lines).toContain('detcal_trains_received_total 10')
    expect(lines).toContain('detcal_trains_joined_total{modules="partial"} 10')
    expect(lines).toContain('detcal_trains_published_total 10')
    expect(lines).toContain('detcal_trains_lost_total{cause="late"} 1')
    expect(lines).toContain('detcal_train_latency_seconds_count 10')
    expect(lines).toContain('detcal_module_state{module="5",state="failed"} 1')
    expect(lines).toContain('detcal_module_state{module="5",state="ok"} 0')
    expect(lines).toContain('detcal_output_dropped_total{endpoint="tcp://0.0.0.0:4546"} 2')
    expect(lines.filter(line => line.startsWith('detcal_trains_lost_total{'))).toHaveLength(
      LOSS_CAUSES.length,
    )
  })

  test('are the names that the example dashboard asks for', async () => {
    const { service, web } = await started()
    await service.next()
    const text = await (await fetch(`${web.address}/metrics`)).text()
    const known = new Set(text.match(/^[a-z_]+(?=[ {])/gm))
    const dashboard = readFileSync(join(ROOT, 'docs/grafana-dashboard.json'), 'utf8')
    const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] }
    const asked = panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => expr.match(/(detcal|process)_\w+/g) ?? []),
    )
    expect(asked.length).toBeGreaterThan(10)
    expect(asked.filter(name => !known.has(name))).toEqual([])
  })

  test('and whoever supervises it, that it lives', async () => {
    const { service, web } = await started()
    const health = async () => {
      const answer = await fetch(`${web.address}/healthz`)
      return [answer.status, await answer.json()]
    }
    expect(await health()).toEqual([200, { state: 'waiting' }])
    service.state = 'stopping'
    expect(await health()).toEqual([503, { state: 'stopping' }])
  })
})
