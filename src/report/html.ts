/** Text that is safe in HTML, as content and as an attribute's value. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** A table: the first `labels` columns hold text, the others numbers. Cells are HTML. */
export function htmlTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  labels: number,
): string {
  const cell = (tag: 'th' | 'td', text: string, column: number) =>
    `<${tag}${column < labels ? '' : ' class="number"'}>${text}</${tag}>`
  const line = (tag: 'th' | 'td', cells: readonly string[]) =>
    `<tr>${cells.map((text, column) => cell(tag, text, column)).join('')}</tr>`
  return `<div class="wide" tabindex="0"><table><thead>${line('th', header)}</thead><tbody>${rows.map(row => line('td', row)).join('')}</tbody></table></div>`
}

/** What is folded until somebody asks for it: a click, a link to what is in it, a search, or print. All is HTML. */
export function folded(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>
${content}
</details>`
}

/** A self-contained page: light or dark like the reader's system, light in print. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1c22; --faint: #6a6a75; --line: #d9d9e0; --paper: #fdfdfe; --plate: #f2f2f6; --mark: #2a6fb0; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ee; --faint: #a0a0ad; --line: #3a3a44; --paper: #16161b; --plate: #202028; --mark: #79b4ea; --alarm: #ff8a80; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-top: 1px solid var(--line); padding-top: 1rem; } h3 { font-size: 1rem; margin: .75rem 0 .25rem; }
p, ul { margin: .35rem 0; } .faint { color: var(--faint); } .alarm { color: var(--alarm); }
a { color: var(--mark); } nav a { margin-right: .6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem; margin: .5rem 0; }
th, td { padding: .15rem .6rem .15rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; } th { color: var(--faint); font-weight: 500; } .number { text-align: right; }
.plates > * { max-width: 100%; box-sizing: border-box; } .plates { display: flex; flex-wrap: wrap; align-items: flex-start; gap: .75rem; margin: .25rem 0 .75rem; }
figure { width: min-content; margin: 0; background: var(--plate); border: 1px solid var(--line); border-radius: 4px; padding: .4rem .5rem; }
figcaption { font-size: .75rem; color: var(--faint); margin-bottom: .2rem; }
figure img { display: block; image-rendering: pixelated; }
figure svg { display: block; } svg text { fill: var(--faint); font-size: 10px; } svg .area { fill: var(--mark); opacity: .35; } svg .edge { fill: none; stroke: var(--mark); stroke-width: 1.2; } svg .axis { stroke: var(--faint); stroke-width: 1; } svg .limit { stroke: var(--alarm); stroke-width: 1; stroke-dasharray: 3 2; }
.assembled { width: auto; max-width: 100%; box-sizing: border-box; } .assembled img { width: 100%; height: auto; }
.verdict { font-size: 1.15rem; border-left: 4px solid var(--mark); padding-left: .6rem; margin: .75rem 0; } .verdict.alarm { border-color: var(--alarm); }
summary { cursor: pointer; padding: .3rem 0; } summary h2, summary h3 { display: inline; border: 0; padding: 0; } details { border-top: 1px solid var(--line); }
.scale { display: flex; align-items: center; gap: .3rem; font-size: .7rem; color: var(--faint); margin-top: .2rem; } .scale i { flex: 1; height: .45rem; border-radius: 2px; }
.bar { display: inline-block; width: 5rem; height: .55rem; background: var(--line); border-radius: 2px; overflow: hidden; vertical-align: middle; } .bar i { display: block; height: 100%; background: var(--alarm); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin: .5rem 0; } dt { color: var(--faint); } dd { margin: 0; }
@media print {
  :root { color-scheme: light; --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --plate: #fff; --mark: #1c5a96; --alarm: #900; }
  body { font-size: 11px; } main { max-width: none; padding: 0; }
  figure img, figure svg { width: 150px; height: auto; } figcaption { font-size: .7rem; } .plates { gap: .4rem; margin: .2rem 0 .4rem; }
  details:has(> .module) { break-before: page; border: 0; } .stage, figure, table { break-inside: avoid; } h2, h3 { break-after: avoid; }
  nav { display: none; } details::details-content { content-visibility: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
