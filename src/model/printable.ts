/**
 * Text that may be a stranger's as one line of a terminal: line breaks become spaces, and characters that could move the cursor
 * or turn the direction of writing become their code points.
 */
export function printable(text: string): string {
  return text
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
