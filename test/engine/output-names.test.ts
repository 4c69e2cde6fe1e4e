import { expect, test } from 'vitest'
import { correctedNames } from '../../src/engine/plan/output-names.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import type { ModuleIndex } from '../../src/model/ids.js'
import type { ModuleFile, Run } from '../../src/sources/run/run.js'

/** The names of the CORR files of files given as path, modules and sequence. */
function namesOf(
  files: readonly [path: string, modules: readonly number[], sequence: number][],
  run?: number,
) {
  const modules = new Map<ModuleIndex, ModuleFile[]>()
  for (const [path, numbers, sequence] of files)
    for (const number of numbers) {
      const module = number as ModuleIndex
      modules.set(module, [...(modules.get(module) ?? []), { path: `/run/${path}`, sequence } as ModuleFile])
    }
  const names = correctedNames({ detector: AGIPD_1M, run, modules } as unknown as Run)
  return [...modules].flatMap(([module, all]) => all.map(file => names(module, file)))
}

test('RAW becomes CORR, whatever the name says of module and sequence', () => {
  expect(
    namesOf(
      [
        ['RAW-R0012-AGIPD00-S00003.h5', [0], 3],
        ['RAW-R0012-MYDET-S00000.h5', [5], 0],
      ],
      12,
    ),
  ).toEqual(['CORR-R0012-AGIPD00-S00003.h5', 'CORR-R0012-MYDET-S00000.h5'])
})

test('a file of several modules has a name for each', () => {
  expect(namesOf([['RAW-R0001-ALL-S00002.h5', [0, 15], 2]], 1)).toEqual([
    'CORR-R0001-AGIPD00-S00002.h5',
    'CORR-R0001-AGIPD15-S00002.h5',
  ])
})

test('a name that says nothing is made one that does', () => {
  expect(
    namesOf(
      [
        ['sample.h5', [3], 0],
        ['RAW-R0001-AGIPD04-S00000 (1).h5', [4], 0],
      ],
      1,
    ),
  ).toEqual(['CORR-R0001-AGIPD03-S00000.h5', 'CORR-R0001-AGIPD04-S00000.h5'])
  expect(namesOf([['sample.h5', [3], 0]])).toEqual(['CORR-R0000-AGIPD03-S00000.h5'])
  expect(
    namesOf(
      [
        ['CORR-x.h5', [3], 0],
        ['RAW-x.h5', [3], 1],
        ['x.h5', [3], 2],
      ],
      1,
    ),
  ).toEqual(['CORR-R0001-AGIPD03-S00000.h5', 'CORR-R0001-AGIPD03-S00001.h5', 'CORR-R0001-AGIPD03-S00002.h5'])
})

test('a name that is taken stays the other file’s', () => {
  const own = 'RAW-R0001-AGIPD00-S00001.h5'
  expect(
    namesOf(
      [
        ['all.h5', [0, 1], 0],
        ['more.h5', [0, 1], 0],
        [own, [0], 1],
      ],
      1,
    ),
  ).toEqual([
    'CORR-R0001-AGIPD00-S00000.h5',
    'CORR-R0001-AGIPD00-S00002.h5',
    'CORR-R0001-AGIPD00-S00001.h5',
    'CORR-R0001-AGIPD01-S00000.h5',
    'CORR-R0001-AGIPD01-S00001.h5',
  ])
})

test('names that differ by case alone are one on many disks', () => {
  const names = namesOf(
    [
      ['RAW-R0001-agipd00-S00000.h5', [0], 0],
      ['RAW-R0001-AGIPD00-S00000.h5', [0], 1],
    ],
    1,
  )
  expect(new Set(names.map(name => name.toLowerCase())).size).toBe(2)
})
