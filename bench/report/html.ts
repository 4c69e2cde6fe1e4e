import { machineLine } from '../machine.js'
import type { BenchReport } from '../result.js'
import { groupsOf, HEADER, rowOf } from './columns.js'
import { escapeXml, plot } from './plot.js'

/** A page by itself, with plots, light or dark as the reader has it. */
export function html(report: BenchReport): string {
  const sections = groupsOf(report).map(group => {
    const rows = group.results.map(
      result =>
        `<tr>${rowOf(result)
          .map(
            (cell, i) =>
              `<td${i === 0 || i === HEADER.length - 1 ? ' class="text"' : ''}>${escapeXml(cell)}</td>`,
          )
          .join('')}</tr>`,
    )
    return `<section>
<h2>${escapeXml(group.name)}</h2>
${plot(group)}
<div class="scroll" tabindex="0" role="group" aria-label="Figures"><table>
<thead><tr>${HEADER.map((cell, i) => `<th${i === 0 || i === HEADER.length - 1 ? ' class="text"' : ''}>${escapeXml(cell)}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
</section>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>detcal bench</title>
<style>${STYLE}</style>
</head>
<body>
<h1>detcal bench</h1>
<p>${escapeXml(machineLine(report.machine))}</p>
<p>Bars are the median of the rounds in nanoseconds a pixel, on a logarithmic scale: shorter is faster. Dots are the
rounds. The dashed line is the time that copying the same bytes takes. “Times detcal” is the median over pairs
measured one right after the other, of wall time and of processor time: above 1, detcal is faster.</p>
${sections.join('\n')}
</body>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d232a; --soft: #66707c; --line: #d5dae0; --paper: #fff; --own: #0b6e99; --peer: #aab4bf; --dot: #1d232a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #98a2ad; --line: #39414a; --paper: #14181c; --own: #3fa9d6; --peer: #56616d; --dot: #e4e8ec; }
}
body { overflow-wrap: anywhere; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; }
p { color: var(--soft); max-width: 48rem; }
svg { width: 100%; max-width: 32rem; height: auto; font: 12px system-ui, sans-serif; fill: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } .text { text-align: left; }
`
