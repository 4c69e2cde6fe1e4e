import { describe, expect, test } from 'vitest'
import { incidentLine } from '../../src/cli/serve-report.js'
import { detcal, failureLines } from '../helpers/command.js'

describe('detcal serve refuses before a train comes', () => {
  test.each<[string, string[], RegExp]>([
    ['a geometry of no detector', ['--geometry', 'package.json'], /package\.json/],
    ['a geometry that is not there', ['--geometry', '/nonexistent.geom'], /nonexistent\.geom/],
    ['a service of which nothing comes', ['--http', 'off'], /nothing would come of it/],
    ['an address that is none', ['--http', 'nonsense'], /"nonsense" is not an address/],
    ['a number that cannot be', ['--in-flight', '0'], /--in-flight: /],
    ['quadrants that are none', ['--quad-positions', '1,2 3,4'], /is not four positions x,y/],
  ])('%s', (_, options, says) => {
    const ended = detcal('serve', '--source', 'tcp://127.0.0.1:9', '--steps', 'none', ...options)
    const [line = '', ...more] = failureLines(ended)
    expect(more).toEqual([])
    expect(line).toMatch(says)
  })
})

test('what a stranger calls a source does not move the cursor of who reads the log', () => {
  const message = 'no raw data among \u001b[2J\u202eABC\r\ndetcal: all is well'
  const incident = { at: 0, cause: 'source', message, place: {} } as const
  expect(incidentLine(incident, false)).toBe(
    'detcal: source: no raw data among \\u{1b}[2J\\u{202e}ABC detcal: all is well\n',
  )
  expect(JSON.parse(incidentLine(incident, true))).toEqual(incident)
})
