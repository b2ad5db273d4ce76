/*
 * pageServer: serves the product's own TypeScript to a browser, types stripped, and a page that loads one module.
 * In: the module's path. Out: a URL on loopback.
 * Invariant: only files of the project are served; nothing is bundled or rewritten but the types and the bare names of packages.
 * Source: docs/performance.md "heatmap".
 */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')
const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
}

const page = (module: string): string => `<!doctype html><html data-theme="dark"><head><meta charset="utf-8">
<link rel="stylesheet" href="/app/tokens.css">
<script type="module" src="/${module}"></script></head><body></body></html>`

/** Where the packages lie that pages import; a worker has no import map, so the names are written out. */
const PACKAGES: Readonly<Record<string, string>> = {
  zod: '/node_modules/zod/index.js',
  fzstd: '/node_modules/fzstd/esm/index.mjs',
}

const toBrowser = (typescript: string): string =>
  stripTypeScriptTypes(typescript).replaceAll(/(\bfrom\s*)'([a-z][\w-]*)'/g, (whole, from: string, name: string) =>
    PACKAGES[name] === undefined ? whole : `${from}'${PACKAGES[name]}'`,
  )

/** Starts the server; `module` is relative to the project's root. */
export async function startPageServer(module: string): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page')
    if (pathname === '/') return void response.setHeader('content-type', 'text/html').end(page(module))
    const file = path.join(ROOT, path.normalize(pathname))
    const type = TYPES[path.extname(file)]
    if (type === undefined || !file.startsWith(ROOT + path.sep) || !existsSync(file))
      return void response.writeHead(404).end()
    const text = readFileSync(file, 'utf8')
    response.setHeader('content-type', type)
    response.end(file.endsWith('.ts') ? toBrowser(text) : text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
