import { describe, expect, it } from 'vitest'
import { isLoopback, openToOthers, parseEndpoint } from '../../src/bridge/endpoint.js'
import { UsageError } from '../../src/model/errors.js'

describe('endpoints', () => {
  it.each([
    ['tcp://127.0.0.1:4545', '127.0.0.1', 4545, true],
    ['tcp://127.8.0.9:1', '127.8.0.9', 1, true],
    ['tcp://[::1]:4545', '[::1]', 4545, true],
    ['tcp://localhost:*', 'localhost', 0, true],
    ['tcp://lo:4545', 'lo', 4545, true],
    ['tcp://*:4545', '*', 4545, false],
    ['tcp://0.0.0.0:4545', '0.0.0.0', 4545, false],
    ['tcp://[::]:4545', '[::]', 4545, false],
    ['tcp://eth0:65535', 'eth0', 65535, false],
    ['tcp://127.0.0.1.example.org:80', '127.0.0.1.example.org', 80, false],
    ['tcp://localhost.example.org:80', 'localhost.example.org', 80, false],
  ])('%s', (text, host, port, loopback) => {
    const endpoint = parseEndpoint(text, '--bind')
    expect(endpoint).toEqual({ transport: 'tcp', host, port })
    expect(isLoopback(endpoint)).toBe(loopback)
    expect(openToOthers([text], '--bind')?.startsWith(text)).toBe(loopback ? undefined : true)
  })

  it('of a file system are of this machine', () => {
    const endpoint = parseEndpoint('ipc:///run/detcal', '--bind')
    expect(endpoint).toEqual({ transport: 'ipc', host: '/run/detcal' })
    expect(isLoopback(endpoint)).toBe(true)
  })

  it.each([
    ...['', '4545', 'tcp://', 'tcp://127.0.0.1', 'tcp://127.0.0.1:', 'tcp://127.0.0.1:65536', 'tcp://:4545'],
    ...['tcp://::1:4545', 'tcp://a b:1', 'udp://127.0.0.1:4545', 'ipc://', 'tcp://127.0.0.1:4545/x'],
  ])('%j is none', text => {
    expect(() => parseEndpoint(text, '--bind')).toThrow(UsageError)
    expect(() => parseEndpoint(text, '--bind')).toThrow(/^--bind /)
  })
})
