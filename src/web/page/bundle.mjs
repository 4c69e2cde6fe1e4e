import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const FOLDER = import.meta.dirname
const PLANE_ARRAY = join(FOLDER, 'plane-array.ts')
const require = createRequire(import.meta.url)

/** The live page, and the page of jobs below it. Style sheets are in their order. */
export const pages = [
  pageOf('.', 'dist/web', [
    '@h5web/lib/styles.css',
    'uplot/dist/uPlot.min.css',
    ...ours('base', 'frame', 'picture', 'panels'),
  ]),
  pageOf('jobs', 'dist/web/jobs', ours('base', 'frame', 'picture', 'panels', 'jobs')),
]

function ours(...names) {
  return names.map(name => `./styles/${name}.css`)
}

/** A page as one script beside its style sheet, its HTML file and the notices of what is in them. */
function pageOf(folder, dir, sheets) {
  return {
    input: { page: join(FOLDER, folder, 'main.tsx') },
    platform: 'browser',
    tsconfig: join(FOLDER, 'tsconfig.json'),
    // They need `eval`: see there.
    resolve: { alias: { ndarray: PLANE_ARRAY, 'ndarray-ops': PLANE_ARRAY } },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    experimental: { attachDebugInfo: 'none' },
    output: {
      ...{ dir, format: 'esm', minify: true, codeSplitting: false },
      entryFileNames: '[name].js',
    },
    plugins: [
      {
        name: 'page-files',
        generateBundle(_, bundle) {
          const emit = (fileName, source) => this.emitFile({ type: 'asset', fileName, source })
          const styles = sheets.map(style => require.resolve(style))
          emit('index.html', readFileSync(join(FOLDER, folder, 'index.html'), 'utf8'))
          emit('page.css', styles.map(path => readFileSync(path, 'utf8')).join('\n'))
          const modules = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds)
          emit('THIRD-PARTY.txt', notices([...modules, ...styles]))
        },
      },
    ],
  }
}

/** Names, versions and licences of the packages that files belong to. */
function notices(files) {
  const folders = files.flatMap(
    file => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.slice(1) ?? [],
  )
  const texts = [...new Set(folders)].map(folder => {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return `${about.name} ${about.version} (${about.license})\n\n${licence(folder, about)}`
  })
  return `The page contains these packages:\n\n${[...new Set(texts)].sort().join(`\n\n${'-'.repeat(78)}\n\n`)}\n`
}

/** The text of a package's licence; one that brings none has its words from ours, if they are the same. */
function licence(folder, { name, license, author, contributors = [] }) {
  const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)/i.test(entry))
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim()
  if (license !== 'MIT') throw new Error(`${folder} has no licence text: add it to the notices`)
  const holders = [author, ...contributors].map(holder => holder?.name ?? holder).filter(Boolean)
  const ours = readFileSync(join(FOLDER, '../../../LICENSE'), 'utf8')
  const holder = holders.length > 0 ? holders.join(', ') : `the authors of ${name}`
  return ours.replace(/^Copyright .*$/m, `Copyright (c) ${holder}`).trim()
}
