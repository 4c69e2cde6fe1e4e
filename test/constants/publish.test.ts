import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publishFiles } from '../../constants/catalogue/publish.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'publish-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const output = (file: string, text: string) => ({
  file,
  write: async (path: string) => writeFileSync(path, text),
})

describe('files that are published together', () => {
  it('appear when all are whole', async () => {
    const outputs = [output('a/one', '1'), output('a/two', '2')]
    expect(await publishFiles(outputs, join(folder, 'out'), false)).toEqual([true, true])
    expect(readdirSync(join(folder, 'out', 'a')).sort()).toEqual(['one', 'two'])
    expect(await publishFiles(outputs, join(folder, 'out'), false)).toEqual([false, false])
  })

  it('do not appear, nor their folders, when asked to stop amid the first', async () => {
    const stopping = (controller: AbortController) => ({
      file: 'a/one',
      write: async (path: string) => {
        writeFileSync(path, '1')
        controller.abort()
      },
    })
    for (const others of [[output('b/two', '2')], []]) {
      const controller = new AbortController()
      const outputs = [stopping(controller), ...others]
      const published = publishFiles(outputs, join(folder, 'out'), false, controller.signal)
      await expect(published).rejects.toThrow(/aborted/)
      expect(existsSync(join(folder, 'out'))).toBe(false)
    }
  })

  it('do not appear when one cannot be written, and leave what is there', async () => {
    writeFileSync(join(folder, 'one'), 'before')
    const failing = {
      file: 'two',
      write: async () => {
        throw new RangeError('no')
      },
    }
    await expect(publishFiles([output('one', '1'), failing], folder, true)).rejects.toThrow(RangeError)
    expect(readdirSync(folder)).toEqual(['one'])
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('before')
  })
})
