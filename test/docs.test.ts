import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

// Documents and comments name files, functions, scripts and options. What they name exists.

const ROOT = resolve(import.meta.dirname, '..')
/** Every file of the project, from the root: nothing that was installed or built. */
const FILES = readdirSync(ROOT, { withFileTypes: true }).flatMap(entry => {
  if (!entry.isDirectory()) return [entry.name]
  if (/^(\.git|node_modules|dist|demo)$/.test(entry.name)) return []
  return readdirSync(join(ROOT, entry.name), { withFileTypes: true, recursive: true })
    .filter(file => file.isFile())
    .map(file => relative(ROOT, join(file.parentPath, file.name)))
})
const BASENAMES = new Set(FILES.map(path => basename(path)))

interface Text {
  readonly path: string
  readonly line: number
  readonly text: string
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const isCode = (path: string): boolean =>
  /^(src|constants|kernels|workers|bench|test)\/.*\.(tsx?|mjs|cjs)$/.test(path)

/** Comments, by a scan that is good enough for formatted code: a line's `//`, and blocks that begin a line. */
const COMMENT = /(?:^|\s)\/\/ .*$|^[ \t]*\/\*[\s\S]*?\*\//gm

const markdown: readonly Text[] = FILES.filter(path => path.endsWith('.md')).flatMap(path => {
  let fenced = false
  return read(path)
    .split('\n')
    .flatMap((text, i) => {
      if (text.startsWith('```')) fenced = !fenced
      return fenced || text.startsWith('```') ? [] : [{ path, line: i + 1, text }]
    })
})
const sources = FILES.filter(path => isCode(path) && path !== 'test/docs.test.ts').map(path => ({
  path,
  text: read(path),
}))
const comments: readonly Text[] = sources.flatMap(({ path, text }) =>
  [...text.matchAll(COMMENT)].flatMap(match =>
    match[0].split('\n').map((line, i) => ({
      ...{ path, text: line },
      line: text.slice(0, match.index).split('\n').length + i,
    })),
  ),
)
const texts = [...markdown, ...comments]

/** Code without comments: where a name must occur to exist. */
const codeOf = (text: string): string => text.replace(COMMENT, '')
const WORDS = new Set([
  ...sources.flatMap(({ text }) => codeOf(text).match(/[\w$]+/g) ?? []),
  ...FILES.filter(path => /\.(py|c|json)$/.test(path)).flatMap(path => read(path).match(/\w+/g) ?? []),
])

/** Each thing that `find` finds wrong in a text, with its place. */
function wrong(among: readonly Text[], find: (text: Text) => readonly string[]): string[] {
  return among.flatMap(text => find(text).map(what => `${text.path}:${text.line}: ${what}`))
}

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(match => match[1] ?? match[0])

/** Whether a path from the root, with `<…>` and `*` for any name and `{a,b}` for several, is that of a file or folder. */
function exists(path: string): boolean {
  const several = /^(.*)\{([^}]*)\}(.*)$/.exec(path)
  if (several) return (several[2] ?? '').split(',').every(name => exists(`${several[1]}${name}${several[3]}`))
  const escaped = path.replace(/\/$/, '').replace(/[.+]/g, '\\$&')
  const pattern = new RegExp(`^${escaped.replace(/<[^>]*>|\*/g, '[^/]*')}(/|$)`)
  return FILES.some(file => pattern.test(file))
}

/** Names that documents speak of and that are not ours: of other programs, or of code that a decision removed. */
const FOREIGN = new Set(['DataCollection', 'HeatmapVis', 'ReadableStream', 'loadBalancer', 'startLoading'])

describe('what documents and comments name exists', () => {
  it('finds texts at all', () => {
    expect(markdown.length).toBeGreaterThan(500)
    expect(comments.length).toBeGreaterThan(3000)
  })

  it('paths from the root', () => {
    const PATH =
      /(?<![\w./$#-])((?:src|constants|kernels|workers|bench|test|docs|\.ci)\/[\w./<>{},*-]*[\w/>}])(?![\w(])/g
    expect(wrong(texts, ({ text }) => matches(text, PATH).filter(path => !exists(path)))).toEqual([])
  })

  it('relative links', () => {
    const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g
    const found = wrong(markdown, ({ path, text }) =>
      matches(text, LINK).filter(
        link => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(path), link)),
      ),
    )
    expect(found).toEqual([])
  })

  it('files by their name alone', () => {
    const FILE = /(?<![\w./<*-])([\w-]+\.(?:tsx?|md|py|mjs|cjs))\b(?!\/)/g
    expect(wrong(texts, ({ text }) => matches(text, FILE).filter(name => !BASENAMES.has(name)))).toEqual([])
  })

  it('identifiers in backticks', () => {
    // Two words in one, a call, or a member: what looks like a name of ours.
    const NAME = /`((?:[a-z]+|[A-Z][a-z0-9]+)(?:[A-Z][a-z0-9]*)+(?:\.\w+)?)(?:\(\))?`/g
    const found = wrong(texts, ({ text }) =>
      matches(text, NAME).filter(name =>
        name.split('.').some(word => !WORDS.has(word) && !FOREIGN.has(word)),
      ),
    )
    expect(found).toEqual([])
  })

  it('npm scripts', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
    const found = wrong(texts, ({ text }) =>
      matches(text, /\bnpm run (?:-s )?([\w:]+)/g).filter(script => scripts[script] === undefined),
    )
    expect(found).toEqual([])
  })

  it('options of the command', () => {
    const cli = sources
      .filter(({ path }) => path.startsWith('src/cli/'))
      .map(({ text }) => codeOf(text))
      .join('\n')
    const isOption = (option: string): boolean =>
      /^(help|version)$/.test(option) ||
      new RegExp(`(?:^|[\\s'"{,])${option.replace(/^no-/, '')}['"]?(?::|,|\\))`, 'm').test(cli)
    const found = wrong(texts, ({ text }) =>
      matches(text, /`--([a-z][\w-]*)/g).filter(name => !isOption(name)),
    )
    expect(found).toEqual([])
  })

  it('{@link}s', () => {
    const found = sources.flatMap(({ path, text }) => {
      const own = new Set(codeOf(text).match(/[\w$]+/g) ?? [])
      const links = matches(text, /\{@link ([^}|\s]+)/g).filter(link => {
        const [head = '', ...members] = link.split(/[.#]/)
        return (head !== '' && !own.has(head)) || members.some(member => !WORDS.has(member))
      })
      return links.map(link => `${path}: {@link ${link}}`)
    })
    expect(found).toEqual([])
  })
})
