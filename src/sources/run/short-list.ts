/** `1, 2, 3 and 7 more`. */
export function shortList(values: readonly (number | string)[], most = 3): string {
  const shown = values.slice(0, most).join(', ')
  return values.length > most ? `${shown} and ${values.length - most} more` : shown
}
