/*
 * pageOrigins: the origins that pages of this server come from, besides this machine's own names.
 * In: configuration, the port. Out: origins: first what is public, then the address we listen on.
 * Invariant: an address that stands for every address is no origin.
 * Source: docs/security.md.
 */
import type { Config } from '../config.ts'

/** Where pages come from besides this machine's own names: first what is public, then the address we listen on. */
export function pageOrigins({ publicOrigins, host }: Config, port: number): string[] {
  const own = /^(0\.0\.0\.0|::|localhost|127(\.\d{1,3}){3}|::1)$/.test(host)
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return [...publicOrigins, ...(own ? [`http://127.0.0.1:${port}`] : [address])]
}
