import type { ExdfFile } from '../../exdf/file.js'
import type { FileCheck, Finding, ModuleInFile } from './check.js'

export const corrLinks: FileCheck = {
  name: 'corr_links',
  describe: 'corrected files: no soft links from the raw source names, which older readers look for',
  scope: 'file',
  *run({ exdf, modules }) {
    for (const module of modules) if (module.source.includes('/CORR/')) yield* faultsOfLinks(exdf, module)
  },
}

function* faultsOfLinks(
  { file, instrumentSources }: ExdfFile,
  { source, karaboId, module }: ModuleInFile,
): Iterable<Finding> {
  const old = `${karaboId}/DET/${module}CH0:xtdf`
  for (const root of ['INSTRUMENT', 'INDEX']) {
    const path = `${root}/${old}`
    const target = file.softLink(path)
    if (!target)
      yield {
        message: 'there is no link from the raw source name',
        severity: 'warning',
        dataset: path,
        module,
      }
    else if (target !== `/${root}/${source}`)
      yield { message: `links to ${target}, not to /${root}/${source}`, dataset: path, module }
  }
  if (!instrumentSources.has(old))
    yield { message: `METADATA does not list ${old}`, severity: 'warning', dataset: 'METADATA', module }
}
