import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { withSlices } from '../../src/cli/arguments.js'
import { parsePairs } from '../../src/cli/options.js'
import { presetText } from '../../src/cli/preset-text.js'
import { showProgress } from '../../src/cli/progress.js'
import { sizeText } from '../../src/cli/quantities.js'
import { table } from '../../src/cli/table.js'
import { checkRequest, PRESETS } from '../../src/engine/run/request.js'
import { stepRequestOf } from '../../src/engine/run/steps-of-request.js'
import { KITS } from '../../src/kits/index.js'
import { parseTime } from '../../src/model/time.js'

it.each([
  ['2025-01-29T18:36:06.000+01:00', '2025-01-29T17:36:06.000Z'],
  ['2025-01-29T18:36:06', '2025-01-29T18:36:06.000Z'],
  ['2025-01-29 18:36', '2025-01-29T18:36:00.000Z'],
  ['2025-01-29', '2025-01-29T00:00:00.000Z'],
  ['2025-01-29t18:36:06z', '2025-01-29T18:36:06.000Z'],
  ['2025-01-29T18:36-0130', '2025-01-29T20:06:00.000Z'],
])('%s is %s, whatever the machine’s zone', (text, iso) => {
  expect(parseTime(text).toISOString()).toBe(iso)
})

it.each([
  '',
  'now',
  '2025',
  '2025-13-01',
  '2025-02-30',
  '2025-01-29T25:00',
  '29.1.2025',
  '1738172761',
])('%j is no time', text => {
  expect(() => parseTime(text)).toThrow(/is not a time/)
})

it('pairs keep what follows the first equals sign', () => {
  expect(parsePairs(['Memory cells = 352', 'a=b=c', 'empty='], '--condition')).toEqual({
    'Memory cells': '352',
    a: 'b=c',
    empty: '',
  })
  for (const pair of ['none', '=1', ''])
    expect(() => parsePairs([pair], '--condition')).toThrow(/--condition .* is not name=value/)
})

it('tables align numbers right and text left', () => {
  expect(
    table(
      ['id', 'name'],
      [
        ['7', 'Offset'],
        ['12', 'Noise'],
      ],
    ),
  ).toBe('id  name\n 7  Offset\n12  Noise\n')
})

it('a slice that begins from behind is the value of its option', () => {
  const args = ['correct', '-4:', '--trains', '-4:', '--pulses', '-1::2', '--json', '-h', '--at=1', '-2:']
  expect(withSlices(args)).toEqual([
    'correct',
    '-4:',
    '--trains=-4:',
    '--pulses=-1::2',
    '--json',
    '-h',
    '--at=1',
    '-2:',
  ])
})

it.each([
  [0, '0 kB'],
  [4_200_000, '4.2 MB'],
  [99_000_000, '99.0 MB'],
  [2_151_633_640, '2.15 GB'],
])('%d bytes are %s: never 0.00 GB', (bytes, text) => expect(sizeText(bytes)).toBe(text))

describe('a bar on a terminal', () => {
  it.each([40, 80, 200])('of %i columns fills them, and no more', columns => {
    const written: string[] = []
    const stream = Object.assign(
      new Writable({
        write: (chunk, _, done) => {
          written.push(String(chunk))
          done()
        },
      }),
      {
        ...{ isTTY: true, columns, cursorTo: () => true, clearLine: () => true, moveCursor: () => true },
      },
    )
    const progress = showProgress({
      ...{ total: 100, bytes: 1e9, trains: 12_345 },
      stream: stream as unknown as NodeJS.WriteStream,
    })
    progress.update(37)
    progress.stop()
    const bars = written.map(text => stripVTControlCharacters(text).trim()).filter(text => /%/.test(text))
    expect(bars.length).toBeGreaterThan(0)
    for (const bar of bars) {
      const letters = [...bar]
      if (columns >= 80) expect(letters.length).toBeLessThanOrEqual(columns)
      expect(letters.filter(letter => /[█░]/.test(letter)).length).toBeGreaterThanOrEqual(columns - 62)
      expect(bar).toContain('/12345 trains')
    }
  })
})

it('presets are offered without a remark only where every step of theirs is built, for every detector', () => {
  const text = presetText()
  for (const preset of PRESETS) {
    const refused = KITS.some(kit => {
      const request = checkRequest({ run: 'r', out: 'o', catalogue: 'c', preset })
      try {
        stepRequestOf(request, kit, 0)
        return false
      } catch (error) {
        expect(String(error)).toMatch(/not built yet/)
        return true
      }
    })
    expect([preset, text.includes(`${preset} (refused`)]).toEqual([preset, refused])
  }
})
