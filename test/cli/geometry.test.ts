import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { detcal, failureLines } from '../helpers/command.js'
import { scratch } from '../helpers/exdf.js'

interface Golden {
  readonly quad_positions: readonly (readonly number[])[]
  readonly image_shape_yx: readonly number[]
  readonly centre_yx: readonly number[]
  readonly lut_sha256: string
}

const golden = JSON.parse(
  readFileSync(new URL('../geometry/golden.json', import.meta.url), 'utf8'),
) as Record<string, Golden>
const DETECTORS = [
  ['agipd1m', 'agipd'],
  ['lpd1m', 'lpd'],
  ['dssc1m', 'dssc'],
] as const

function expectGolden(stdout: string, { image_shape_yx, centre_yx, lut_sha256 }: Golden): void {
  const { software: _, ...told } = JSON.parse(stdout)
  expect(told).toEqual({ shape: image_shape_yx, centre: centre_yx, sha256: lut_sha256 })
}

describe.each(DETECTORS)('detcal geometry of %s', (detector, name) => {
  const expected = golden[name] as Golden
  const quadrants = expected.quad_positions.map(position => position.join(',')).join(' ')

  it('prints the table that EXtra-geom has, of quadrant positions that begin with a minus', () => {
    const { stdout, status } = detcal(
      ...['geometry', 'lut', '--detector', detector, '--quad-positions', quadrants, '--json'],
    )
    expectGolden(stdout, expected)
    expect(status).toBe(0)
  })

  it('prints it of the file that it wrote itself', () => {
    const out = join(scratch(), 'own.geom')
    const written = detcal('geometry', 'write', '--detector', detector, '--out', out)
    expect(written.stdout).toMatch(/^\d+ panels of .*: .*own\.geom\n$/)
    expect(readFileSync(out, 'utf8')).toMatch(/^; \w+-1M geometry file written by detcal 0\./)
    expectGolden(
      detcal('geometry', 'lut', '--detector', detector, '--geometry', out, '--json').stdout,
      expected,
    )
  })
})

describe('detcal geometry', () => {
  it('reads a measured geometry with quadrant positions beside it', () => {
    const lpd = join(scratch(), 'lpd.h5')
    const packed = readFileSync(new URL('../golden/geometry/lpd-facility.h5.gz', import.meta.url))
    writeFileSync(lpd, gunzipSync(packed))
    const { stdout } = detcal(
      ...['geometry', 'lut', '--detector', 'lpd1m', '--geometry', lpd],
      ...['--quad-positions', '11.4,299 -11.5,8 254.5,-16 278.5,275'],
    )
    expect(stdout).toBe(
      'image   1203 × 1105 pixels (y, x)\ncentre  607, 550\nsha256  49beb6732b2a4a23a25952670d8cfc1d1db97c2499864cc85ae45683a2d60415\n',
    )
  })

  it.each([
    [['lut'], 2, /detector/],
    [['lut', '--detector', 'eiger'], 2, /detector/],
    [['lut', '--detector', 'agipd1m', '--quad-positions', '1,2'], 2, /is not four positions x,y/],
    [['lut', '--detector', 'agipd1m', '--geometry', 'no.geom'], 1, /no\.geom: there is no such file/],
    [['write', '--detector', 'agipd1m'], 2, /out/],
    [['write', '--detector', 'agipd1m', '--out', 'raw.h5'], 2, /--out raw\.h5 does not end in \.geom/],
    [[], 2, /name what to do with the geometry/],
  ])('%j is refused', (args, status, message) => {
    const ended = detcal('geometry', ...args)
    expect(failureLines(ended).join('\n')).toMatch(message)
    expect([ended.status, ended.stdout]).toEqual([status, ''])
  })

  it('leaves nothing where it cannot write', () => {
    const out = join(scratch(), 'no', 'such', 'own.geom')
    const { status, stderr } = detcal('geometry', 'write', '--detector', 'lpd1m', '--out', out)
    expect(stderr).toContain(out)
    expect(status).toBe(1)
    expect(existsSync(out)).toBe(false)
  })
})
