/*
 * Next: pages and routes only; the HTTP port, Socket.IO and the bus belong to server/.
 * In: nothing of the environment (server/config.ts is its only reader). Out: Next's settings.
 * Invariant: no request leaves the machine at build or run time. Security headers, among them a content security policy
 *   with a nonce per answer, are set by server/http for pages and API alike, so none are set here.
 * Types are a gate of `npm test` and `npm run check`; the build that `npm start` waits for does not repeat them.
 * Source: docs/adr/0002-next-seam.md.
 */

/** @type {import('next').NextConfig} */
const config = {
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  serverExternalPackages: ['ioredis', 'pino', 'socket.io'],
  typescript: { ignoreBuildErrors: true },
}

export default config
