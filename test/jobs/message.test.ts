import { describe, expect, it } from 'vitest'
import { parseLiteralList } from '../../src/jobs/literal-list.js'
import { MOST_MESSAGE_BYTES, parseMessage } from '../../src/jobs/message.js'

const RUN = { instrument: 'SPB', cycle: '202601', proposal: 900900, run: 1 }
const parse = (text: string) => parseMessage(Buffer.from(text))
const json = (fields: object) => parse(JSON.stringify({ request: 'correct', ...RUN, ...fields }))

describe('a JSON request', () => {
  it('has a run, and defaults for the rest', () => {
    expect(json({})).toEqual({ request: 'correct', ...RUN, priority: 2, recorrect: false })
    expect(json({ quality: 'unclear', detector: 'SPB_DET_AGIPD1M-1', rid: '7' })).toMatchObject({
      quality: 'unclear',
      detector: 'SPB_DET_AGIPD1M-1',
      rid: '7',
    })
    expect(parse('{"request":"query","id":3}')).toEqual({ request: 'query', id: 3 })
  })

  it.each([
    [{ instrument: '../../etc' }, /instrument: it is no instrument/],
    [{ instrument: 'spb' }, /instrument/],
    [{ cycle: '202601/..' }, /cycle: it is no cycle/],
    [{ cycle: 202601 }, /cycle: expected string/],
    [{ proposal: 1_000_000 }, /proposal/],
    [{ proposal: '900900' }, /proposal: expected number/],
    [{ run: 0 }, /run/],
    [{ run: 1.5 }, /run/],
    [{ run: null }, /run/],
    [{ quality: 'fine' }, /quality: expected \("good" \| "unclear" \| "bad"\)/],
    [{ priority: 1e9 }, /priority/],
    [{ detector: 'A/../B' }, /detector: it is no Karabo name/],
    [{ rid: 'a b' }, /rid/],
    [{ rid: 'x'.repeat(200) }, /rid/],
    [{ shell: 'rm' }, /shell/],
    [{ request: 'drop' }, /request/],
  ])('with %j is refused', (fields, message) => {
    expect(() => json(fields)).toThrow(message)
  })

  it.each(['', 'null', '3', '"x"', '{}', '{', '[]', '{"request":"correct"}', '\0'])('%j is none', text => {
    expect(() => parse(text)).toThrow()
  })

  it('is refused if it is long, or no UTF-8', () => {
    expect(() => parse(' '.repeat(MOST_MESSAGE_BYTES + 1))).toThrow(/longer than/)
    expect(() => parseMessage(new Uint8Array([0xff, 0xfe]))).toThrow(/not UTF-8/)
  })
})

describe('a dark request', () => {
  const DARK = { instrument: 'SPB', cycle: '202601', proposal: 900900 }
  const dark = (fields: object) => parse(JSON.stringify({ request: 'dark', ...DARK, ...fields }))

  it('names the runs of the gain stages, or one that has all', () => {
    const runs = { high: 1, medium: 2, low: 3 }
    expect(dark({ runs })).toEqual({ request: 'dark', ...DARK, runs, priority: 2, recorrect: false })
    const list = `['dark_request', '42', 'sase1', 'SPB', '202601', 'p900900', 'SPB_DET_AGIPD1M-1', 'ADAPTIVE_GAIN', ['A', 'B'], ['AGIPD00', 'AGIPD13'], 'r0001', 2, '3']`
    expect(parse(list)).toMatchObject({ rid: '42', detector: 'SPB_DET_AGIPD1M-1', runs, modules: '0,13' })
    expect(parse(list.replace("'r0001', 2, '3'", "['1', '2', '3']"))).toMatchObject({ runs })
    const one = list.replace("'r0001', 2, '3'", '7').replace("['AGIPD00', 'AGIPD13']", "'all'")
    expect(parse(one)).toMatchObject({ runs: { run: 7 } })
    expect(parse(one)).not.toHaveProperty('modules')
  })

  it.each([
    [{}, /runs/],
    [{ runs: {} }, /runs: it names no run/],
    [{ runs: { high: 0 } }, /runs.high/],
    [{ runs: { highest: 1 } }, /highest/],
    [{ runs: { run: 1 }, modules: '0;1' }, /modules: it is no list/],
    [{ runs: { run: 1 }, quality: 'good' }, /quality/],
  ])('with %j is refused', (fields, message) => {
    expect(() => dark(fields)).toThrow(message)
  })
})

describe("the facility's list", () => {
  it('asks for a run that counts as good', () => {
    const expected = { request: 'correct', ...RUN, rid: '42', priority: 1, quality: 'good', recorrect: false }
    expect(parse(`['correct', '42', 'sase1', 'SPB', '202601', '900900', '1', 1]`)).toEqual(expected)
    expect(parse(`["correct", 42, "sase1", "SPB", 202601, "p900900", "r0001", "1",]`)).toEqual(expected)
    expect(parse(`['query-rid', '42']`)).toEqual({ request: 'query', rid: '42' })
  })

  it.each([
    [`['correct', '42', 'sase1', 'SPB', '202601', '900900']`, /expected \[correct, rid/],
    [`['correct', '42', 'sase1', 'SPB', '202601', '900900', '1', 1, 2]`, /expected \[correct, rid/],
    [`['correct', '42', 'sase1', '..', '202601', '900900', '1', 1]`, /instrument/],
    [`['correct', '42', 'sase1', 'SPB', '202601', '900900; rm -rf', '1', 1]`, /proposal/],
    [`['correct', ['42'], 'sase1', 'SPB', '202601', '900900', '1', 1]`, /rid/],
    [
      `['dark_request', '42', 'sase1', 'SPB', '202601', '900900', 'X', 'M', ['a'], ['b'], '1']`,
      /"b" is no data aggregator/,
    ],
    [
      `['dark_request', '42', 'sase1', 'SPB', '202601', '900900', 'X', 'M', 'all', 'all']`,
      /expected \[dark_request/,
    ],
    [
      `['dark_request', '42', 'sase1', 'SPB', '202601', '900900', 'X', 'M', 'all', 'all', 1, 2]`,
      /three runs/,
    ],
    [
      `['dark_request', '42', 'sase1', 'SPB', '202601', '900900', '../X', 'M', 'all', 'all', 1]`,
      /detector: it is no/,
    ],
    [`['upload-yaml', 'x']`, /begins with correct, dark_request or query-rid/],
  ])('%s is refused', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it.each([
    `['a'`,
    `['a'] + ['b']`,
    `__import__('os')`,
    `['a', open('x')]`,
    `['a' 'b']`,
    `[,]`,
    `['a',,]`,
    `['\\x41']`,
    `['a\nb']`,
    `[1.5]`,
    `[1e3]`,
    `[None]`,
    `[0x10]`,
    `[1_0]`,
    `[[[[[1]]]]]`,
    `[${'1,'.repeat(100)}]`,
    `('a',)`,
    '['.repeat(10_000),
  ])('%s is not such a list', text => {
    expect(() => parseLiteralList(text)).toThrow()
  })
})
