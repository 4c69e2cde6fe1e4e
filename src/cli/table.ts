import { printable } from '../model/printable.js'

/** Rows under a header, columns aligned: numbers to the right, text to the left. Ends with a line break. */
export function table(header: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map(cells => cells.map(printable))
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map(row => (row[column] ?? '').length)),
  )
  const numeric = header.map((_, column) => rows.every(row => /^[-+\d.,]*$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) =>
        numeric[column] ? (cells[column] ?? '').padStart(width) : (cells[column] ?? '').padEnd(width),
      )
      .join('  ')
      .trimEnd()
  return `${[header, ...rows].map(line).join('\n')}\n`
}
