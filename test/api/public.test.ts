import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { correct } from '../../src/index.js'
import { type GoldenPlace, goldenPlace } from '../helpers/correction.js'
import { scratch } from '../helpers/exdf.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A folder with the package as it is when installed. */
function installed(folder = scratch()): string {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules/detcal'))
  return folder
}

function run(folder: string, program: string): string {
  writeFileSync(join(folder, 'program.mjs'), program)
  return execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' })
}

describe('the public surface', () => {
  test('has these values', () => {
    const program = "import * as detcal from 'detcal'\nconsole.log(Object.keys(detcal).sort().join())"
    expect(run(installed(), program).trim().split(',')).toEqual([
      ...['BusyError', 'ConstantsError', 'DataError', 'DetcalError', 'Engine', 'OutputError', 'StoppedError'],
      ...[
        'UsageError',
        'checkRequest',
        'correct',
        'executeCorrection',
        'isDetcalError',
        'openFrameCorrector',
      ],
      ...['openRun', 'prepareCorrection', 'readConfig'],
    ])
  })

  test('has these types, which a program in TypeScript finds', () => {
    const text = readFileSync(join(ROOT, 'dist/src/index.d.ts'), 'utf8')
    const types = [...text.matchAll(/export (type )?\{([^}]+)\}/g)].flatMap(([, all, names = '']) =>
      names.split(',').flatMap(name => {
        const [, only, found] = /^\s*(type )?(\w+)\s*$/.exec(name) ?? []
        return found !== undefined && (all ?? only) ? [found] : []
      }),
    )
    expect(types.sort()).toEqual([
      ...['Config', 'CorrectionOutcome', 'CorrectionPlan', 'CorrectionRequest', 'EngineOptions'],
      ...['ExecutionOptions', 'FrameCorrector', 'FrameCorrectorRequest', 'HeldFrames', 'MachineOptions'],
      ...['ModuleOutcome', 'OpenRunOptions', 'Place', 'PreparedCorrection', 'Problem', 'RawFrames', 'Run'],
      ...['SequenceOutcome'],
    ])
    const folder = installed()
    const program = [
      "import { correct, type CorrectionRequest, type CorrectionOutcome } from 'detcal'",
      "const request: CorrectionRequest = { run: 'r', out: 'o', modules: [0, 1], gainMode: 'high' }",
      'export const outcome: Promise<CorrectionOutcome> = correct(request, { workers: 2 })',
      '// @ts-expect-error there is no such gain mode',
      "export const wrong: CorrectionRequest = { run: 'r', out: 'o', gainMode: 'best' }",
    ]
    writeFileSync(join(folder, 'program.mts'), program.join('\n'))
    symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'))
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022']
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [tsc, ...options, '--types', 'node', 'program.mts'], { cwd: folder })
  })
})

describe('options of another type', () => {
  test.each([
    [{ overwrite: 'no' }, /^overwrite:/],
    [{ workers: 0 }, /^workers:/],
    [{ workers: 1.5 }, /^workers:/],
    [{ memory: '8GiB' }, /^memory:/],
    [{ onProgress: 3 }, /^onProgress:/],
    [{ wokers: 1 }, /wokers/],
  ])('%j are refused by name', async (options, message) => {
    const request = { run: '/nowhere', out: '/nowhere', catalogue: '/nowhere' }
    await expect(correct(request, options as object)).rejects.toThrow(message)
  })
})

describe('the programs of the README', () => {
  const programs = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```js\n(.*?)```/gs)].map(
    ([, program = '']) => program,
  )
  let place: GoldenPlace
  let folder: string
  beforeAll(async () => {
    place = await goldenPlace()
    folder = installed(join(place.folder, 'project'))
    // In the place of what the demo makes.
    mkdirSync(join(folder, 'demo/raw'), { recursive: true })
    symlinkSync(place.golden.path, join(folder, 'demo/raw/r0004'))
    symlinkSync(place.catalogue, join(folder, 'demo/catalogue'))
  })
  afterAll(() => place.remove())

  test('are short', () => {
    expect(programs).toHaveLength(2)
    for (const program of programs) expect(program.trim().split('\n').length).toBeLessThanOrEqual(15)
  })

  test('correct a run', () => {
    const said = run(folder, programs[0] ?? '')
    expect(said).toMatch(/^SPB_DET_AGIPD1M-1 \[ 0, 4, 15 \] 8\n/)
    expect(said).toMatch(/0 corrected\n4 corrected\n15 corrected\n/)
    expect(readdirSync(join(folder, 'proc/first')).some(name => name.startsWith('CORR-'))).toBe(true)
  })

  test('correct frames in memory', () => {
    const said = run(folder, programs[1] ?? '')
    expect(said).toMatch(/Float32Array\(65536\)/)
    expect(said).toMatch(/Uint8Array\(65536\)/)
    expect(said).toMatch(/Uint32Array\(65536\)/)
  })
})
