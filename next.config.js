/*
 * Next: pages and routes only; the HTTP port, Socket.IO and the bus belong to server/.
 * In: nothing of the environment (server/config.ts is its only reader). Out: Next's settings.
 * Invariant: no request leaves the machine at build or run time. The content security policy carries a nonce per response,
 *   so server/ sets it; here are only the headers that are the same for every answer.
 * Types are a gate of `npm test` and `npm run check`; the build that `npm start` waits for does not repeat them.
 * Source: docs/adr/0002-next-seam-and-handle.md.
 */

/** @type {import('next').NextConfig} */
const config = {
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  serverExternalPackages: ['ioredis', 'pino', 'socket.io'],
  typescript: { ignoreBuildErrors: true },
  async headers() {
    return [
      {
        source: '/:path*',
        headers: [
          { key: 'X-Content-Type-Options', value: 'nosniff' },
          { key: 'X-Frame-Options', value: 'DENY' },
          { key: 'Referrer-Policy', value: 'no-referrer' },
          { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=()' },
          { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
          { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
        ],
      },
    ]
  },
}

export default config
