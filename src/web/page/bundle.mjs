import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const FOLDER = import.meta.dirname
const PLANE_ARRAY = join(FOLDER, 'plane-array.ts')
const require = createRequire(import.meta.url)

/** Style sheets of the page, in their order. */
const STYLES = ['@h5web/lib/styles.css', 'uplot/dist/uPlot.min.css', './page.css']

/** The page as one script beside its style sheet, its HTML file and the notices of what is in them: `dist/web`. */
export const page = {
  input: { page: join(FOLDER, 'main.tsx') },
  platform: 'browser',
  tsconfig: join(FOLDER, 'tsconfig.json'),
  // They need `eval`: see there.
  resolve: { alias: { ndarray: PLANE_ARRAY, 'ndarray-ops': PLANE_ARRAY } },
  transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  experimental: { attachDebugInfo: 'none' },
  output: {
    ...{ dir: 'dist/web', format: 'esm', minify: true, codeSplitting: false },
    entryFileNames: '[name].js',
  },
  plugins: [
    {
      name: 'page-files',
      generateBundle(_, bundle) {
        const emit = (fileName, source) => this.emitFile({ type: 'asset', fileName, source })
        const styles = STYLES.map(style => require.resolve(style))
        emit('index.html', readFileSync(join(FOLDER, 'index.html'), 'utf8'))
        emit('page.css', styles.map(path => readFileSync(path, 'utf8')).join('\n'))
        const modules = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds)
        emit('THIRD-PARTY.txt', notices([...modules, ...styles]))
      },
    },
  ],
}

/** Names, versions and licences of the packages that files belong to. */
function notices(files) {
  const folders = files.flatMap(
    file => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.slice(1) ?? [],
  )
  const texts = [...new Set(folders)].map(folder => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)/i.test(entry))
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
    return `${name} ${version} (${license})\n\n${text}`.trim()
  })
  return `The page contains these packages:\n\n${[...new Set(texts)].sort().join(`\n\n${'-'.repeat(78)}\n\n`)}\n`
}
