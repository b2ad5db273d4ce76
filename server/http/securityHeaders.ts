/*
 * securityHeaders: what every answer says to the browser about what it may do with it.
 * In: mode, a nonce per request. Out: headers.
 * Invariant: scripts run from our own origin or with this request's nonce, nothing is framed, nothing is sniffed.
 * Source: docs/adr/0002-next-seam.md; OWASP ASVS 5.0 V3.4.
 */
import { randomBytes } from 'node:crypto'

export const FIXED_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
})

/** 128 bits, new for each request. */
export function createNonce(): string {
  return randomBytes(16).toString('base64')
}

/** Development needs eval and websockets to the reload server; production neither. */
export function contentSecurityPolicy(nonce: string, dev: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}'${dev ? " 'unsafe-eval'" : ''}`,
    // Style attributes are how positioned overlays and charts are laid out; they can not run code.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self' ws: wss:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
