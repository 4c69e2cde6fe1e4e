import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeFolders, removeEmptyFolders } from '../../src/files/folders.js'
import { scratch } from '../helpers/exdf.js'

describe('folders', () => {
  test('are made level by level, outermost first, with the mode asked for, and removed again', () => {
    const folder = scratch()
    const made = makeFolders(join(folder, 'a', 'b', 'c'), 0o700)
    expect(made).toEqual([join(folder, 'a'), join(folder, 'a', 'b'), join(folder, 'a', 'b', 'c')])
    expect(made.map(path => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o700])
    expect(makeFolders(join(folder, 'a', 'b'))).toEqual([])
    removeEmptyFolders(made)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['below a file', 'ENOTDIR', (folder: string) => writeFileSync(join(folder, 'x'), '')],
    ['below a link that leads nowhere', 'EEXIST', (folder: string) => symlinkSync('gone', join(folder, 'x'))],
    ['below a link to itself', 'ELOOP', (folder: string) => symlinkSync('x', join(folder, 'x'))],
  ])('that cannot be made %s are an error that names one', (_, code, put) => {
    const folder = scratch()
    put(folder)
    const error = thrownBy(() => makeFolders(join(folder, 'x', 'y', 'z')))
    expect(error).toMatchObject({ code, path: expect.stringContaining(join(folder, 'x')) })
    expect(readdirSync(folder)).toEqual(['x'])
  })

  // There mkdir fails with ENOENT although the parent exists, on which Node's recursive mkdir spins for ever.
  test('on a file system that takes none', () => {
    expect(thrownBy(() => makeFolders('/proc/x/detcal'))).toMatchObject({ code: 'ENOENT', path: '/proc/x' })
  })

  test('that were made before one could not be are removed', () => {
    const folder = scratch()
    const long = 'x'.repeat(300)
    expect(thrownBy(() => makeFolders(join(folder, 'a', long)))).toMatchObject({ code: 'ENAMETOOLONG' })
    expect(existsSync(join(folder, 'a'))).toBe(false)
    mkdirSync(join(folder, 'a'))
    expect(thrownBy(() => makeFolders(join(folder, 'a', long)))).toMatchObject({ code: 'ENAMETOOLONG' })
    expect(existsSync(join(folder, 'a'))).toBe(true)
    rmSync(join(folder, 'a'), { recursive: true })
  })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
