import { basename } from 'node:path'
import type { Difference } from '../comparison/difference.js'
import type { Reproduction } from '../reproduce/outcome.js'
import type { Report } from './output.js'
import { table } from './table.js'

/** What a reproduction prints: a line a file, then each difference. */
export function reproductionReport(reproduction: Reproduction): Report {
  const { files, constants, madeBy, created, equal } = reproduction
  const rows = files.map(({ file, module, status, datasets, differences }) => [
    basename(file),
    String(module),
    status,
    String(datasets),
    String(new Set(differences.map(({ dataset }) => dataset)).size),
  ])
  const datasets = files.reduce((sum, file) => sum + file.datasets, 0)
  const good = files.filter(({ status }) => status === 'equal').length
  const sound = constants.filter(({ status }) => status === 'equal').length
  const text = [
    table(['file', 'module', 'result', 'datasets', 'different'], rows),
    ...files.flatMap(({ file, differences }) =>
      differences.map(difference => `${basename(file)}, ${differenceText(difference)}`),
    ),
    `constants: ${sound} of ${constants.length} are what was used by ${madeBy}${created === '' ? '' : ` on ${created}`}`,
    `${equal ? 'equal' : 'not equal'}: ${good} of ${files.length} files, ${datasets} datasets compared`,
    '',
  ].join('\n')
  return { text, json: reproduction }
}

/** `image/data: 1 of 4096 elements differ, first in frame 3 (train 7, pulse 4), slow scan 5, fast scan 6: 1 instead of 2`. */
function differenceText({ dataset, message, first }: Difference): string {
  if (first === undefined) return `${dataset}: ${message}`
  const { index, values, train, pulse } = first
  const [row, ...pixel] = index
  const frame = train === undefined ? '' : ` (train ${train}${pulse === undefined ? '' : `, pulse ${pulse}`})`
  const place =
    pixel.length === 2
      ? `frame ${row}${frame}, slow scan ${pixel[0]}, fast scan ${pixel[1]}`
      : `element ${index.join(', ')}${frame}`
  return `${dataset}: ${message}, first in ${place}: ${values[0]} instead of ${values[1]}`
}
