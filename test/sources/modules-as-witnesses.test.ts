import { closeSync, openSync, writeSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FileView } from '../../src/hdf5/direct/file-view.js'
import { findLink } from '../../src/hdf5/direct/groups.js'
import { readObjectHeader } from '../../src/hdf5/direct/object-header.js'
import { follow } from '../../src/hdf5/direct/paths.js'
import { readSuperblock } from '../../src/hdf5/direct/superblock.js'
import { joinRun } from '../../src/sources/run/join.js'
import { lostDatasets } from '../../src/sources/run/lost-datasets.js'
import { openRun } from '../../src/sources/run/open-run.js'
import { CHECKS } from '../../src/validation/checks/index.js'
import { validate } from '../../src/validation/validate.js'
import { type ModuleSpec, put, scratch, sourceOf, writeModule } from '../helpers/exdf.js'

const sound: ModuleSpec = { trainIds: [1000, 1001], counts: [3, 3], cellIds: [0, 1, 2, 0, 1, 2] }

async function folderOf(...specs: ModuleSpec[]): Promise<string> {
  const folder = scratch()
  for (const [module, spec] of specs.entries()) await writeModule(folder, { module, ...spec })
  return folder
}

/** Errors as `module: message`. */
const errors = (problems: Awaited<ReturnType<typeof validate>>['problems']) =>
  problems
    .filter(({ severity }) => severity === 'error')
    .map(({ place, message }) => `${place.module}: ${message}`)

describe('a cell id of one module that the others deny', () => {
  const cases: [string, number[]][] = [
    ['two exchanged', [0, 2, 1, 0, 1, 2]],
    ['one too high, but possible', [0, 1, 2, 0, 1, 300]],
    ['one lower than it should be', [3, 1, 2, 0, 1, 2]],
    ['all moved on by one', [1, 2, 3, 0, 1, 2]],
  ]
  test.each(cases)('%s: the train is not corrected in that module, and named', async (_, cellIds) => {
    const folder = await folderOf(sound, { ...sound, cellIds }, sound)
    const run = await openRun(folder)
    const joined = joinRun(run)
    expect([...joined.modules.values()].map(([file]) => file?.frames)).toEqual([6, 3, 6])
    expect(errors(joined.problems)).toEqual([
      '1: this train has other pulses or cells than in most modules: not corrected',
    ])
    expect(run.conditions['Memory cells']).toBe(4)
    const checked = await validate(folder, CHECKS)
    expect(errors(checked.problems)).toContainEqual(
      expect.stringMatching(/^1: other cells than most modules/),
    )
  })

  test('an impossible one costs its frame alone', async () => {
    const folder = await folderOf(sound, { ...sound, cellIds: [0, 999, 2, 0, 1, 2] }, sound)
    const joined = joinRun(await openRun(folder))
    expect([...joined.modules.values()].map(([file]) => file?.frames)).toEqual([6, 6, 6])
  })
})

describe('pulse ids that say nothing, in most modules', () => {
  const doubtful = (last: number): ModuleSpec => ({ ...sound, pulseIds: [4, 4, last, 0, 4, 8] })
  const rising: ModuleSpec = { ...sound, pulseIds: [0, 4, 8, 0, 4, 8] }

  test.each([
    ['have no vote, and agree by the others', 8, [6, 6, 6], []],
    ['have no vote, and are overruled where the others differ', 9, [3, 3, 6], [0, 1]],
  ])('%s: on joining and in validate alike', async (_, last, frames, overruled) => {
    const folder = await folderOf(doubtful(last), doubtful(last), rising)
    const joined = joinRun(await openRun(folder))
    expect([...joined.modules.values()].map(([file]) => file?.frames)).toEqual(frames)
    const found = await validate(
      folder,
      CHECKS.filter(({ name }) => name === 'pulse_ids_equal'),
    )
    expect(errors(found.problems)).toEqual(
      overruled.map(module => `${module}: other pulses than most modules in trains 1000`),
    )
  })
})

describe('a dataset that one module lacks', () => {
  const header = (module: number) => `INSTRUMENT/${sourceOf({ module })}/header`
  const without = (path: string, also?: ModuleSpec['also']): ModuleSpec => ({
    ...sound,
    without: [path],
    ...(also && { also }),
  })
  test('is named, wherever the damage is', async () => {
    const problemsOf = async (spec: ModuleSpec) =>
      errors((await openRun(await folderOf(sound, spec, sound))).problems)
    expect(await problemsOf(without(`${header(1)}/pulseCount`))).toEqual([
      "1: not what most modules' files hold: header/pulseCount is not there. CORR has what is there",
    ])
    const wider = without(`${header(1)}/pulseCount`, file =>
      put(file, `${header(1)}/pulseCount`, BigUint64Array.of(3n, 0n, 3n, 0n), { shape: [2, 2] }),
    )
    expect(await problemsOf(wider)).toEqual([
      "1: not what most modules' files hold: header/pulseCount is u8 (2), not u8 (). CORR has what is there",
    ])
    const index = `INDEX/${sourceOf({ module: 1 })}/trailer`
    const unindexed: ModuleSpec = { ...sound, without: [`${index}/first`, `${index}/count`] }
    expect(await problemsOf(unindexed)).toEqual([
      '1: trailer is left out: INDEX does not say whose its rows are',
    ])
    const empty: ModuleSpec = { ...sound, without: [`INSTRUMENT/${sourceOf({ module: 1 })}/trailer/trainId`] }
    expect(await problemsOf(empty)).toEqual([
      '1: 2 trains go without their rows of trailer: INDEX refers to row 1, but trailer has no data',
      "1: not what most modules' files hold: trailer/trainId is not there. CORR has what is there",
    ])
  })

  test('of two that differ neither is right, and what few have is theirs alone', () => {
    const layout = (module: number, ...names: string[]) => ({
      place: { module },
      datasets: new Map(names.map(name => [name, 'u8 ()'])),
    })
    expect(lostDatasets([layout(0, 'a'), layout(1)])).toEqual([])
    expect(lostDatasets([layout(0, 'a', 'b'), layout(1, 'a'), layout(2, 'a')])).toEqual([])
    expect(lostDatasets([layout(0, 'a'), layout(1, 'a'), layout(2)])).toHaveLength(1)
  })
})

describe('a dataset whose header is damaged', () => {
  /** Spoils the first byte of an object's header: its name stays, and leads to nothing. */
  function damage(file: string, path: string): void {
    const fd = openSync(file, 'r+')
    try {
      const view = new FileView(fd, file, path)
      const header = follow(view, readSuperblock(view).root, path, (group, name) =>
        findLink(view, readObjectHeader(view, group), name),
      )
      if (!('address' in header)) throw new Error(`there is no ${path}`)
      writeSync(fd, Uint8Array.of(0x77), 0, 1, header.address)
    } finally {
      closeSync(fd)
    }
  }

  test.each([1, 3])('is named where all of %i modules have it, and by validate', async modules => {
    const folder = await folderOf(...Array.from({ length: modules }, () => sound))
    for (const [module, name] of (await readdir(folder)).sort().entries())
      damage(join(folder, name), `INSTRUMENT/${sourceOf({ module })}/header/pulseCount`)
    const named = Array.from({ length: modules }, (_, module) => module)
    expect(errors((await openRun(folder)).problems)).toEqual(
      named.map(
        module => `${module}: its header is damaged: CORR is without it. Copy the file again from its source`,
      ),
    )
    expect(errors((await validate(folder, CHECKS)).problems)).toEqual(
      named.map(module => `${module}: its header is damaged, so readers pass it over`),
    )
  })
})
