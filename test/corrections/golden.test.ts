import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { AgipdKernel } from '../../src/corrections/agipd/chain.js'
import type { AgipdParams } from '../../src/corrections/agipd/params.js'
import { IMPLEMENTATIONS } from './implementations.js'

interface GoldenCase {
  kernel: AgipdKernel
  params: AgipdParams
  pixels: number
  constants: string
  raw: string[]
  results: { data: string; gain: string; mask: string; departures: number }[]
}

const { cases } = JSON.parse(
  readFileSync(new URL('../golden/kernels/golden.json', import.meta.url), 'utf8'),
) as { cases: GoldenCase[] }

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
    if (golden.kernel.startsWith('agipdAdaptive'))
      expect(new Set(results.flatMap(result => result.gain))).toEqual(new Set([0, 1, 2]))
  })
})
