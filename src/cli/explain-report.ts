import { basename } from 'node:path'
import type { ExplainedDataset, ExplainedPart, Explanation } from '../explain/outcome.js'
import { rangesText } from '../model/ranges.js'
import type { Report } from './output.js'
import { table } from './table.js'

/** What an explanation prints: of each dataset the readings that make it, then its parts. */
export function explanationReport(explanation: Explanation): Report {
  const { datasets, notExplained, frames, shared, rawOnly, correctedOnly, about, karaboId } = explanation
  const modules = rangesText([...new Set(frames.map(({ module }) => module))])
  const alone = `${rawOnly} in the RAW run alone, ${correctedOnly} in the CORR run alone`
  const text = [
    `${karaboId}: ${frames.length} of ${shared} frames of modules ${modules} looked at; ${alone}`,
    '',
    ...datasets.flatMap(dataset => verdict(dataset, about)),
    ...notExplained.map(dataset => `image/${dataset}: is not there, or not of the type that is compared`),
    '',
    table(
      ['dataset', 'part', 'pixels', 'different', 'largest', 'readings of this part', 'first'],
      datasets.flatMap(({ dataset, parts }) => parts.map(part => row(dataset, part))),
    ),
    explanation.exact
      ? 'explained: every dataset is made to the last bit\n'
      : 'not explained: see what is different\n',
  ].join('\n')
  return { text, json: explanation }
}

function verdict(
  { dataset, exact, readings, instead, undecided, tried }: ExplainedDataset,
  about: Explanation['about'],
): string[] {
  const meaning = (name: string) => `  ${name}: ${about[name]}`
  const how = readings.length === 0 ? 'as decided' : `by ${readings.join(' and ')}`
  const first = exact
    ? `image/${dataset}: exact ${how}`
    : `image/${dataset}: not made by any of ${tried} sets of readings; nearest ${how}`
  return [
    first,
    ...readings.map(meaning),
    ...instead.map(names => `  or as well by ${names.join(' and ')}`),
    ...(undecided.length > 0 ? [`  these frames do not tell of ${undecided.join(', ')}`] : []),
  ]
}

function row(
  dataset: string,
  { name, pixels, differing, largest, first, readings }: ExplainedPart,
): string[] {
  const own = readings === undefined ? (differing > 0 ? 'none' : '') : readings.join(' and ') || 'as decided'
  const place =
    first === undefined
      ? ''
      : `${basename(first.file)}, train ${first.train}, pulse ${first.pulse}, slow scan ${first.slowScan}, fast scan ${first.fastScan}: ${first.stored}, not ${first.made}`
  return [
    dataset,
    name,
    String(pixels),
    String(differing),
    largest === undefined ? '' : String(largest),
    own,
    place,
  ]
}
