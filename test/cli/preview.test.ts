import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { snap } from '../../src/geometry/snap.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { geometryOf } from '../../src/kits/geometry-of.js'
import { COLOUR_MAPS, pictureOf } from '../../src/preview/picture.js'
import { imageHash, previewImage } from '../../src/preview/preview-image.js'
import { openStoredRun } from '../../src/sources/run/stored-run.js'
import { detcal, failureLines } from '../helpers/command.js'
import { correct, type GoldenPlace, goldenPlace } from '../helpers/correction.js'

let place: GoldenPlace
let proc: string
beforeAll(async () => {
  place = await goldenPlace()
  proc = join(place.folder, 'proc')
  await correct({ run: place.golden.path, catalogue: place.catalogue, out: proc })
})
afterAll(() => place.remove())

describe('detcal preview', () => {
  it('draws what previewImage computes', async () => {
    const out = join(place.folder, 'mean.png')
    const { stdout, status } = detcal('preview', proc, '--out', out, '--json')
    const told = JSON.parse(stdout)
    const table = snap(await geometryOf(AGIPD))
    const image = await previewImage(await openStoredRun(proc), table)
    expect(told).toMatchObject({
      ...{ detector: 'agipd1m', karaboId: 'SPB_DET_AGIPD1M-1', corrected: true },
      ...{ layer: 'data', badPixels: 'nan', modules: [0, 4, 15], geometry: 'default' },
      ...{ shape: [1256, 1092], centre: [631, 550], log: false, colourMap: 'sequential', out },
      sha256: imageHash(image),
    })
    expect(told.frames).toEqual(
      image.frames.map(({ trainId, pulseId }) => ({ train: trainId, pulse: pulseId })),
    )
    const [low, high] = told.range
    const png = pictureOf(image, { low, high, log: false }, COLOUR_MAPS.sequential)
    expect(readFileSync(out).equals(png)).toBe(true)
    expect(status).toBe(0)
  })

  it('says what it shows', () => {
    const out = join(place.folder, 'one.png')
    const train = String(place.golden.trainIds[2])
    const { stdout, stderr, status } = detcal(
      ...['preview', proc, '--out', out, '--train', train, '--pulse', '4', '--modules', '0,4'],
      ...['--range', '-5,1e3', '--bad-pixels', 'keep'],
      ...['--quad-positions', '-525,625 -550,-10 520,-160 542.5,475'],
    )
    expect(stdout).toBe(
      `SPB_DET_AGIPD1M-1, data: train ${train}, pulse 4, modules 0, 4\n1256 × 1092 pixels, colours from −5.000 to 1000: ${out}\n`,
    )
    expect(stderr).toContain('warning: modules 1-3, 5-14: no data in the run')
    expect(status).toBe(0)
  })

  it('of a RAW run is of raw data', () => {
    const out = join(place.folder, 'raw.png')
    const { stdout, status } = detcal('preview', place.golden.path, '--out', out, '--mean', '4', '--log')
    expect(stdout).toMatch(
      /^SPB_DET_AGIPD1M-1, raw: mean of 4 frames, trains 2100000100 to 2100000107, modules 0, 4, 15\n1256 × 1092 pixels, default geometry, colours from [\d.]+ to [\d.]+, logarithmic: .*raw\.png\n$/,
    )
    expect(status).toBe(0)
  })

  it.each([
    [['--layer', 'raw'], /is corrected, so it has no layer raw/],
    [['--layer', 'noise'], /layer/],
    [['--range', '5,1'], /--range "5,1" is not two numbers\. .*the smaller number first/],
    [['--range', '0,10', '--log'], /--range "0,10" is not two numbers above 0/],
    [['--range', '1,'], /--range "1," is not two numbers/],
    [['--range', '1,2', '--percentiles', '1,2'], /range.*percentiles/],
    [['--percentiles', '1,101'], /--percentiles "1,101" is not two of 0 to 100/],
    [['--frame', '0', '--pulse', '0'], /frame.*pulse/],
    [['--mean', '0'], /--mean 0 is not a number of frames/],
    [['--modules', '3'], /none of the modules that --modules names/],
    [['--quad-positions', '1,2'], /is not four positions/],
    [['--colour-map', 'rainbow'], /colour-map/],
  ])('refuses %j, and writes nothing', (args, message) => {
    const out = join(place.folder, 'refused.png')
    const ended = detcal('preview', proc, '--out', out, ...args)
    expect(failureLines(ended).join('\n')).toMatch(message)
    expect([ended.status, ended.stdout]).toEqual([2, ''])
    expect(existsSync(out)).toBe(false)
  })

  it('writes over nothing that is no picture', () => {
    const file = join(place.folder, 'proc', 'CORR-R0001-AGIPD00-S00000.h5')
    const before = readFileSync(file)
    const ended = detcal('preview', proc, '--out', file)
    expect(failureLines(ended).join('\n')).toMatch(/--out .* does not end in \.png/)
    expect(ended.status).toBe(2)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('of a folder that is no run ends with its reason', () => {
    const ended = detcal('preview', join(place.folder, 'nothing'))
    expect(failureLines(ended).join('\n')).toMatch(/there is no such folder/)
    expect(ended.status).toBe(1)
  })
})
