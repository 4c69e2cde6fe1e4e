import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Handler } from 'hono'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

interface PageFile {
  readonly type: string
  readonly bytes: Buffer
  readonly gzipped: Buffer
  readonly etag: string
}

/**
 * A built page, read once: what is not among its files is not there, whatever a path says.
 * @param index its `index.html`, by alias: `#web/index.html`. @throws Error if it is not built.
 */
export function pageFiles(index: string): Handler {
  const folder = dirname(createRequire(import.meta.url).resolve(index))
  const files = new Map<string, PageFile>(
    readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(({ name }) => [`/${name}`, read(join(folder, name))] as const),
  )
  return context => {
    const { path } = context.req
    const file = files.get(path === '/' ? '/index.html' : path)
    if (file === undefined) return context.notFound()
    const gzip = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '')
    const headers = { etag: file.etag, 'cache-control': 'no-cache', vary: 'accept-encoding' }
    if (context.req.header('if-none-match') === file.etag) return context.body(null, 304, headers)
    const body = new Uint8Array(gzip ? file.gzipped : file.bytes)
    const coding = gzip ? { 'content-encoding': 'gzip' } : {}
    return context.body(body, 200, { ...headers, ...coding, 'content-type': file.type })
  }
}

function read(path: string): PageFile {
  const bytes = readFileSync(path)
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  return {
    ...{ bytes, etag, gzipped: gzipSync(bytes) },
    type: TYPES[extname(path)] ?? 'application/octet-stream',
  }
}
