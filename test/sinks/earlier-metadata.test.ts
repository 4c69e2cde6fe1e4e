import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { OutputFolder } from '../../src/files/output-folder.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { earlierMetadata, tellsOf } from '../../src/sinks/metadata/earlier.js'
import { metadataPath, type RunMetadata, writeMetadataFile } from '../../src/sinks/metadata/metadata-file.js'
import { scratch } from '../helpers/exdf.js'

const ID = 'SPB_DET_AGIPD1M-1'

function metadataOf(input: string, module: number, options: Record<string, unknown>): RunMetadata {
  const constant = {
    ...{ id: module, beginAt: new Date(0), dataset: '/P/Offset/0', path: '/c.h5', sha256: '', dims: [] },
  } as unknown as NonNullable<ReturnType<RunMetadata['modules'][number]['constants']['get']>>
  const constants = new Map([['Offset', constant]])
  return {
    ...{ detector: AGIPD_1M, karaboId: ID, input },
    provenance: { software: 'detcal 0', created: '2026-01-01T00:00:00Z', options },
    modules: [{ module, pdu: 'P', constants, outcome: { status: 'corrected' } }],
  }
}

/** Corrects a module, as far as its metadata are concerned. @returns the file's tree. */
async function correct(out: string, content: RunMetadata) {
  const folder = OutputFolder.open(out, { overwrite: true, sync: false })
  const path = metadataPath(out, ID)
  try {
    const earlier = await earlierMetadata(path, content.input)
    await writeMetadataFile(folder, path, content, earlier)
  } finally {
    folder.close()
  }
  return parse(readFileSync(path, 'utf8'))
}

test('modules of one run that are corrected one after the other are all in its metadata file', async () => {
  const [out, raw] = [scratch(), scratch()]
  const link = join(scratch(), 'link')
  symlinkSync(raw, link)
  await correct(out, metadataOf(raw, 0, { modules: '0', 'zero-nans': true }))
  await correct(out, metadataOf(link, 1, { modules: '1' }))
  const tree = await correct(out, metadataOf(raw, 2, { modules: '2' }))
  expect(Object.keys(tree['retrieved-constants'])).toEqual(['AGIPD00', 'AGIPD01', 'AGIPD02', 'time-summary'])
  expect(tree['module-outcomes']).toMatchObject({
    AGIPD00: { status: 'corrected', 'other-configurations': { modules: '0', 'zero-nans': true } },
    AGIPD01: { status: 'corrected', 'other-configurations': { modules: '1', 'in-folder': link } },
    AGIPD02: { status: 'corrected' },
  })
  const earlier = await earlierMetadata(metadataPath(out, ID), raw)
  expect(tellsOf(earlier, { detector: AGIPD_1M, modules: [{ module: 3 }] })).toBe(false)
  expect(tellsOf(earlier, { detector: AGIPD_1M, modules: [{ module: 3 }, { module: 1 }] })).toBe(true)
  const again = await correct(out, metadataOf(raw, 1, { modules: '1' }))
  expect(again['module-outcomes'].AGIPD01).toEqual({ status: 'corrected' })
})

test('the metadata file of another run, or what is none, is not replaced', async () => {
  const [out, raw, other] = [scratch(), scratch(), scratch()]
  await correct(out, metadataOf(raw, 0, {}))
  const path = metadataPath(out, ID)
  await expect(correct(out, metadataOf(other, 0, {}))).rejects.toMatchObject({
    tag: 'output',
    message: `it tells of another run, ${raw}, whose CORR files need it`,
    place: { file: path },
  })
  for (const text of ['notes', '{', 'a: 1']) {
    writeFileSync(path, text)
    await expect(correct(out, metadataOf(raw, 0, {}))).rejects.toThrow(/is not a metadata file/)
    expect(readFileSync(path, 'utf8')).toBe(text)
  }
})
