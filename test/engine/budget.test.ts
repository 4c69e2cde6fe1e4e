import { expect, test } from 'vitest'
import { DEFAULT_STEP_OPTIONS } from '../../src/corrections/steps.js'
import { imagesKept, stripShape, workspaceLayout } from '../../src/engine/contract/reduction-workspace.js'
import { parseBytes, planLanes, showBytes } from '../../src/engine/plan/budget.js'
import { reductionDemand } from '../../src/engine/plan/file-images.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import type { JoinedFile } from '../../src/sources/run/join.js'

test.each([
  ['8', '8 bytes'],
  ['1KiB', '1 KiB'],
  ['1.5KiB', '2 KiB'],
  ['1MiB', '1 MiB'],
  ['1GiB', '1.0 GiB'],
])('%s of memory is shown as %s', (text, shown) => {
  expect(showBytes(parseBytes(text))).toBe(shown)
})

test('400 trains of 352 cells with a common mode fit 2 GiB, and more memory keeps more images', () => {
  const cells = Array.from({ length: 352 }, (_, cell) => cell)
  const { detector, corrections } = AGIPD
  const available = new Set(['Offset', 'ThresholdsDark', 'BadPixelsDark', 'SlopesPC'])
  const chain = corrections.resolve({
    ...{
      steps: corrections.productionSteps,
      options: DEFAULT_STEP_OPTIONS,
      gainMode: 0,
      rawFrames: 1,
      available,
    },
  })
  const joined = { frames: 352 * 400, trains: Array.from({ length: 400 }) } as unknown as JoinedFile
  const reduction = reductionDemand([{ chain, cells, sequences: [{ joined }] }], detector)!
  const demand = {
    ...{ pixels: 512 * 128, rawFrameBytes: 4 * 512 * 128, cells: 352, planes: chain.planes.length },
    ...{ modules: 16, reduction },
  }
  const kept = [1.5, 2, 8].map(gib => {
    const { bytes, layout } = planLanes(demand, 2, gib * 1024 ** 3)
    expect(bytes).toBeLessThanOrEqual(gib * 1024 ** 3)
    return imagesKept(workspaceLayout(stripShape(512, 128)), layout.reduction?.workspaceBytes ?? 0)
  })
  expect(kept[0]).toBeGreaterThanOrEqual(0)
  expect(kept[1]).toBeGreaterThan(0.8 * 32 * 400)
  expect(kept[2]).toBe(32 * 400)
})
