import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { File } from '../../src/hdf5/library.js'
import { declare, put, scratch, sourceOf } from '../helpers/exdf.js'
import { found } from './validation.js'

describe('corrected files', () => {
  const NEW = 'SPB_DET_AGIPD1M-1/CORR/0CH0:output'
  const OLD = sourceOf({})
  /** A corrected file of two frames a train, as detcal or as somebody else would write it. */
  async function corrected(
    folder: string,
    change: { links?: boolean; attrs?: string[]; gain?: number; nan?: boolean } = {},
  ): Promise<void> {
    const { openLibrary } = await import('../../src/hdf5/library.js')
    const file = (await openLibrary()).open(join(folder, 'CORR-R0001-AGIPD00-S00000.h5'), 'w') as File
    const names = change.links === false ? [NEW] : [NEW, OLD]
    put(
      file,
      'METADATA/dataSources/dataSourceId',
      names.map(name => `INSTRUMENT/${name}/image`),
    )
    put(file, 'METADATA/dataFormatVersion', ['1.2'])
    put(file, 'INDEX/trainId', BigUint64Array.of(1000n, 1001n))
    put(file, 'INDEX/flag', Int32Array.of(1, 1))
    put(file, `INDEX/${NEW}/image/first`, BigUint64Array.of(0n, 1n))
    put(file, `INDEX/${NEW}/image/count`, BigUint64Array.of(1n, 1n))
    const image = `INSTRUMENT/${NEW}/image`
    for (const [name, dtype] of [
      ['data', '<f'],
      ['gain', '<B'],
      ['mask', '<I'],
    ] as const)
      declare(file, `${image}/${name}`, dtype, [2, 512, 128])
    const frame = (name: string, value: number, array: Float32Array | Uint8Array) => {
      const dataset = file.get(`/${image}/${name}`) as unknown as {
        write_slice(r: number[][], d: unknown): void
      }
      dataset.write_slice(
        [
          [1, 2],
          [0, 512],
          [0, 128],
        ],
        array.fill(value),
      )
    }
    if (change.nan) frame('data', Number.NaN, new Float32Array(65536))
    if (change.gain) frame('gain', change.gain, new Uint8Array(65536))
    put(file, `${image}/trainId`, BigUint64Array.of(1000n, 1001n))
    put(file, `${image}/pulseId`, BigUint64Array.of(0n, 0n))
    put(file, `${image}/cellId`, Uint16Array.of(0, 0))
    if (change.links !== false)
      for (const root of ['INDEX', 'INSTRUMENT']) {
        if (file.get(`/${root}/SPB_DET_AGIPD1M-1/DET`) === null)
          file.create_group(`/${root}/SPB_DET_AGIPD1M-1/DET`)
        file.create_soft_link(`/${root}/${NEW}`, `/${root}/${OLD}`)
      }
    const attributes = change.attrs ?? ['software', 'created', 'options', 'steps', 'constants']
    for (const name of attributes) file.create_attribute(`detcal_${name}`, 'x')
    file.close()
  }

  test('that are whole have no problems', async () => {
    const folder = scratch()
    await corrected(folder)
    expect(await found(folder)).toEqual([])
  })

  test('without links, without provenance, without a number, with an impossible gain stage', async () => {
    const check = async (change: Parameters<typeof corrected>[1]) => {
      const folder = scratch()
      await corrected(folder, change)
      return found(folder)
    }
    expect(await check({ links: false })).toEqual([
      'corr_links warning: there is no link from the raw source name',
      'corr_links warning: there is no link from the raw source name',
      `corr_links warning: METADATA does not list ${OLD}`,
    ])
    expect(await check({ attrs: [] })).toEqual([
      'corr_provenance warning: was not written by detcal: it does not say how',
    ])
    expect(await check({ attrs: ['software', 'created', 'options', 'steps'] })).toEqual([
      'corr_provenance error: lacks the attributes detcal_constants',
    ])
    expect(await check({ nan: true })).toEqual([
      'corr_values warning: 1 trains begin with a frame that is NaN in every pixel: 1001',
    ])
    expect(await check({ gain: 3 })).toEqual(['corr_values error: gain stages above 2 in trains 1001'])
  })
})
