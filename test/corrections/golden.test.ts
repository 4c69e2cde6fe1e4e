import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AgipdParams } from '../../src/kits/agipd/params.js'
import { IMPLEMENTATIONS, type KernelName } from './implementations.js'

interface GoldenCase {
  kernel: KernelName
  params: AgipdParams
  pixels: number
  constants: string
  raw: string[]
  results: { data: string; gain: string; mask: string; departures: number }[]
}

function golden(file: string): GoldenCase[] {
  const url = new URL(`../golden/kernels/${file}`, import.meta.url)
  return (JSON.parse(readFileSync(url, 'utf8')) as { cases: GoldenCase[] }).cases
}

const cases = [...golden('golden.json'), ...golden('single-plane.json')]

const bytes = (text: string): ArrayBuffer => new Uint8Array(Buffer.from(text, 'base64')).buffer

describe.each(Object.entries(IMPLEMENTATIONS))('%s equals numpy in float32', (_, correct) => {
  test.each(cases.map((golden, i) => [`${i} ${golden.kernel}`, golden] as const))('case %s', (_, golden) => {
    const results = correct({
      kernel: golden.kernel,
      params: golden.params,
      pixels: golden.pixels,
      constants: new Uint32Array(bytes(golden.constants)),
      raw: golden.raw.map(text => new Uint16Array(bytes(text))),
    })
    const expected = golden.results.map(result => ({
      data: [...new Uint32Array(bytes(result.data))],
      gain: [...new Uint8Array(bytes(result.gain))],
      mask: [...new Uint32Array(bytes(result.mask))],
      departures: result.departures,
    }))
    expect(results).toEqual(expected)
    if (/Adaptive|lpd/.test(golden.kernel))
      expect(new Set(results.flatMap(result => result.gain))).toEqual(new Set([0, 1, 2]))
  })
})
