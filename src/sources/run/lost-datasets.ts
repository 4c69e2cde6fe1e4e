import { instrumentPath } from '../../exdf/euxfel-layout.js'
import type { ExdfFile } from '../../exdf/file.js'
import { isDetcalError } from '../../model/errors.js'
import type { Problem } from '../../model/problem.js'
import { shortList } from './short-list.js'

/**
 * Members of a source's groups that have a name, but are neither dataset nor group any more: a damaged header makes them
 * vanish, and where all files have it, or one is alone, no other file tells.
 * @returns paths in the file.
 */
export function unreadableMembers({ file, instrumentSources }: ExdfFile, source: string): string[] {
  const isLost = (path: string): boolean => {
    try {
      return file.dataset(path) === undefined && !file.isGroup(path)
    } catch (error) {
      if (isDetcalError(error, 'data')) return true
      throw error
    }
  }
  const groups = [...(instrumentSources.get(source) ?? [])].map(group => instrumentPath(source, group))
  const there = new Set(file.names(instrumentPath(source)) ?? [])
  const members = groups.flatMap(group => (file.names(group) ?? []).map(name => `${group}/${name}`))
  const damagedGroups = groups.filter(group => there.has(group.slice(group.lastIndexOf('/') + 1)))
  return [...damagedGroups, ...members].filter(isLost)
}

/** Datasets of one module file that CORR copies, `header/reserved`, each as dtype and shape of a row. */
export interface FileLayout {
  readonly place: Problem['place']
  readonly datasets: ReadonlyMap<string, string>
}

/**
 * Datasets that a file lacks, or has in another form, though most files of the run agree on them. The DAQ writes all
 * modules alike, so a name or header that is damaged shows in the others: what they have would be missing in silence.
 */
export function lostDatasets(files: readonly FileLayout[]): Problem[] {
  const forms = new Map<string, Map<string, number>>()
  for (const { datasets } of files)
    for (const [name, form] of datasets) {
      const counts = forms.get(name) ?? new Map<string, number>()
      forms.set(name, counts.set(form, (counts.get(form) ?? 0) + 1))
    }
  const due = [...forms].flatMap(([name, counts]) =>
    [...counts].flatMap(([form, count]) => (2 * count > files.length ? [{ name, form }] : [])),
  )
  return files.flatMap(({ place, datasets }) => {
    const other = due.filter(({ name, form }) => datasets.get(name) !== form)
    if (other.length === 0) return []
    const named = other.map(({ name, form }) => {
      const found = datasets.get(name)
      return found === undefined ? `${name} is not there` : `${name} is ${found}, not ${form}`
    })
    const message = `not what most modules' files hold: ${shortList(named, 5)}. CORR has what is there`
    return [{ check: 'datasets_equal', severity: 'error', message, place }]
  })
}
