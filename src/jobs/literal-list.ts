import { UsageError } from '../model/errors.js'

/** What a list of the facility's services holds: texts, integers, and lists of them. */
export type LiteralItem = string | number | readonly LiteralItem[]

const MOST_ITEMS = 64
const MOST_DEPTH = 3
/** A text in quotes without escapes, an integer, or a sign; spaces between them say nothing. */
const TOKEN = /\s*(?:'([^'\\\n]{0,256})'|"([^"\\\n]{0,256})"|(-?\d{1,15})(?![\w.])|([[\],]))/y

/**
 * Reads a list as Python writes it: `['correct', '7', 'sase1', 'SPB', '202601', '900900', '1', 1]`. Nothing is evaluated:
 * what is not a text, an integer or a list is refused, and so is a text with a backslash.
 * @throws UsageError
 */
export function parseLiteralList(text: string): readonly LiteralItem[] {
  let at = 0
  let items = 0
  const refuse = () => new UsageError(`it is not a list of texts and integers from character ${at} on`)
  const next = (): RegExpExecArray => {
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)
    if (token === null) throw refuse()
    at = TOKEN.lastIndex
    return token
  }
  const listFrom = (depth: number): LiteralItem[] => {
    const list: LiteralItem[] = []
    for (;;) {
      const [, single, double, digits, sign] = next()
      if (sign === ']') return list
      if (++items > MOST_ITEMS || depth > MOST_DEPTH) throw new UsageError('the list has too many items')
      if (sign === ',') throw refuse()
      list.push(sign === '[' ? listFrom(depth + 1) : (single ?? double ?? Number(digits)))
      const [, , , , behind] = next()
      if (behind === ']') return list
      if (behind !== ',') throw refuse()
    }
  }
  if (next()[4] !== '[') throw refuse()
  const list = listFrom(1)
  if (text.slice(at).trim() !== '') throw refuse()
  return list
}
