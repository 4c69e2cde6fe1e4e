import type { Problem } from '../../model/problem.js'
import { shortList } from './short-list.js'

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
