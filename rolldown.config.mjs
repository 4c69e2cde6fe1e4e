import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { defineConfig } from 'rolldown'

// What an earlier build left would be taken for part of this one, by what tells builds apart (src/files/version.ts).
for (const folder of ['dist/chunks', 'dist/workers']) rmSync(folder, { recursive: true, force: true })

/**
 * The entry files of the command and of its threads, each with all that it imports: to find and read hundreds of small
 * files takes longer than to run them. All other files in `dist` are as the compiler made them.
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
    // Native, started as threads of their own, or found by their place in the package.
    external: [/^node:/, /^#/, /^(libsql|piscina)(\/|$)/],
    plugins: [libraryBesideItsCode()],
    // No comments that say where modules lie: the same sources give the same bytes in any folder.
    experimental: { attachDebugInfo: 'none' },
    output: {
      dir: 'dist',
      format,
      sourcemap: true,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `chunks/${name}/[name].${extension}`,
      assetFileNames: `chunks/${name}/[name][extname]`,
    },
  }
}

/**
 * h5wasm carries its WebAssembly as a string in its code, which costs a third of the time it takes to start: as a
 * file of its own it is read as it is. Its name begins its hash, so that the code tells which library it needs.
 */
function libraryBesideItsCode() {
  return {
    name: 'library-beside-its-code',
    load: {
      filter: { id: /h5wasm\/dist\/node\/hdf5_util\.js$/ },
      handler(id) {
        const code = readFileSync(id, 'utf8')
        const found = /\bbinaryDecode\(('[^'\\]*(?:\\.[^'\\]*)*')\)/s.exec(code)
        if (found === null)
          throw new Error(`${id}: the WebAssembly is not where it was: see rolldown.config.mjs`)
        const [call, literal] = found
        // A string of one character a byte.
        const source = Buffer.from(new Function(`return ${literal}`)(), 'latin1')
        if (!WebAssembly.validate(source)) throw new Error(`${id}: what was found is no WebAssembly`)
        const hash = createHash('sha256').update(source).digest('hex').slice(0, 16)
        const name = `hdf5-${hash}.wasm`
        this.emitFile({ type: 'asset', name, source })
        return code
          .replace(call, () => `new Uint8Array(readWasm(new URL('./${name}', import.meta.url)))`)
          .replace(/^/, "import { readFileSync as readWasm } from 'node:fs'\n")
      },
    },
  }
}
