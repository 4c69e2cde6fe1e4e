/** Options of the command that runs, by their names without dashes; undefined: it is not known yet which runs. */
let known: ReadonlySet<string> | undefined

/** Notes the options of the command that runs. */
export function noteOptions(names: Iterable<string>): void {
  known = new Set(names)
}

const OPTION = /(?<![\w-])--(?:no-)?([a-z][a-z-]*)/g

/**
 * Advice without what the command that runs cannot be told: much of it comes from code that several commands share, whose
 * options differ. Of `Use --memory 5GiB, or select fewer pulses with --pulses` is left what names options that there are.
 * Advice that names another command (`detcal dark`) is left as it is.
 */
export function fittingAdvice(
  advice: string,
  options: ReadonlySet<string> | undefined = known,
): string | undefined {
  if (options === undefined || /\bdetcal [a-z]/.test(advice)) return advice
  const clauses = advice.split(/, or |; /)
  const fitting = clauses.filter(clause =>
    [...clause.matchAll(OPTION)].every(([, name = '']) => options.has(name)),
  )
  if (fitting.length === clauses.length) return advice
  const text = fitting.join(', or ')
  return text === '' ? undefined : `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** A message whose sentences behind the first are advice: those are left out that {@link fittingAdvice} leaves out. */
export function fittingMessage(message: string, options?: ReadonlySet<string>): string {
  const [first = '', ...advice] = message.split(/(?<=\.) (?=[A-Z])/)
  const kept = advice.flatMap(sentence => fittingAdvice(sentence, options) ?? [])
  return [first, ...kept].join(' ').replace(kept.length < advice.length ? /\.$/ : /$^/, '')
}
