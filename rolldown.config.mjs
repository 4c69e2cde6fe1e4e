import { rmSync } from 'node:fs'
import { defineConfig } from 'rolldown'
import { pages } from './src/web/page/bundle.mjs'

// What an earlier build left would be taken for part of this one, by what tells builds apart (src/files/version.ts).
for (const folder of ['dist/chunks', 'dist/workers', 'dist/web'])
  rmSync(folder, { recursive: true, force: true })

/**
 * The entry files of the command and of its threads, each with all that it imports: to find and read hundreds of small
 * files takes longer than to run them. And the pages in the browser. All other files in `dist` are as the compiler made them.
 */
export default defineConfig([
  bundle('command', { 'src/cli/main': 'src/cli/main.ts' }, 'esm'),
  bundle(
    'threads',
    Object.fromEntries(
      ['engine', 'simulate', 'bench'].map(name => [`workers/${name}`, `workers/${name}.ts`]),
    ),
    'cjs',
  ),
  bundle("the device's thread", { 'workers/device': 'workers/device.ts' }, 'cjs'),
  ...pages,
])

/**
 * Threads are given CommonJS: piscina asks for their file by `require`, and Node 20 ends the whole process with a fatal
 * error where a thread is ended while it requires an ECMAScript module ("IsGraphAsync must be used on an instantiated
 * module").
 */
function bundle(name, input, format) {
  const extension = format === 'cjs' ? 'cjs' : 'js'
  return {
    input,
    platform: 'node',
    tsconfig: 'tsconfig.json',
    // Native, started as threads of their own, or with parts that are found by their place in the package.
    external: [/^node:/, /^#/, /^(libsql|pino|piscina|webgpu|zeromq)(\/|$)/],
    // No comments that say where modules lie: the same sources give the same bytes in any folder.
    experimental: { attachDebugInfo: 'none' },
    output: {
      dir: 'dist',
      format,
      sourcemap: true,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: chunk => `chunks/${name}/${libraryOf(chunk) ?? '[name]'}.${extension}`,
    },
  }
}

/**
 * The library that a chunk holds, if it holds one alone: many call their file `dist/index.js`, and which of two chunks
 * would be `dist.js` and which `dist2.js` is not the same in every build.
 */
function libraryOf({ moduleIds }) {
  const names = moduleIds.map(id => /.*\/node_modules\/(?:(@[^/]+)\/)?([^/]+)\//.exec(id)?.slice(1).join(''))
  return new Set(names).size === 1 ? names[0] : undefined
}
