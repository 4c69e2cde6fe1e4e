import { describe, expect, it } from 'vitest'
import { checkAtStart } from '../../src/online/check-at-start.js'
import { checkServeRequest } from '../../src/online/request.js'

const SOURCE = 'tcp://127.0.0.1:4545'
const asked = (more: object) => checkAtStart(checkServeRequest({ sources: [SOURCE], steps: 'none', ...more }))

describe('what a service refuses before the first train', () => {
  it.each([
    ['an endpoint that is none', { sources: ['tcp://127.0.0.1:99999'] }, /--source.*is not an endpoint/],
    ['a time that is none', { at: 'yesterday' }, /yesterday/],
    ['modules that no detector has', { modules: '0-99' }, /has no module 99/],
    ['steps that no detector has', { steps: 'threshold,bogus' }, /no correction step is called bogus/],
    ['steps of another detector', { detector: 'dssc1m', steps: 'threshold' }, /called threshold/],
    [
      'steps that lack what they need',
      { steps: 'relative-gain' },
      /relative-gain needs .*threshold and offset/,
    ],
    ['a gain mode that no detector has', { detector: 'dssc1m', steps: 'offset', gainMode: 'medium' }, /gain/],
    ['a detector that is none', { detector: 'agipd' }, /--detector agipd is no detector that is known/],
    [
      'steps of another, by its name',
      { detector: 'SCS_DET_DSSC1M-1', steps: 'threshold' },
      /called threshold/,
    ],
    ['no constants', { steps: 'offset' }, /nothing says where the constants are/],
    ['a catalogue that is not there', { steps: 'offset', catalogue: '/nonexistent' }, /catalogue/],
  ])('%s', async (_, more, says) => {
    await expect(asked(more)).rejects.toThrow(says)
  })

  it('and more trains at a time than memory could ever hold', () => {
    expect(() => checkServeRequest({ sources: [SOURCE], inFlight: 1_000_000 })).toThrow(/inFlight/)
  })

  it('but not what may be right', async () => {
    await expect(asked({ modules: '0-15', at: '2026-01-31T12:00:00Z' })).resolves.toBeUndefined()
  })
})
