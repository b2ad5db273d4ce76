/*
 * The rooms of the house and what each may import, as data.
 * In: nothing. Out: ROOMS, in the order of docs/architecture.md, and the rule for one edge.
 * Invariant: an edge that no line of this table names is forbidden; a folder that is not in it fails the walls.
 * Source: docs/architecture.md "rooms".
 */
import type { ImportEdge } from '../support/sourceTree.ts'

export interface Room {
  /** Rooms whose files may be imported, besides its own. */
  readonly rooms: readonly string[]
  /** npm packages by name; a trailing `/*` takes the subpaths in. */
  readonly packages: readonly string[]
  /** Built-ins of Node that may be imported; `*` for all. */
  readonly builtins: readonly string[]
}

const PURE = ['lib/primitives', 'lib/contracts']
const ALL_BUT_LIVE = [
  ...PURE,
  'lib/frames',
  'lib/bus',
  'lib/telemetry',
  'lib/commands',
  'lib/training',
  'lib/controller',
  'lib/agents',
  'lib/compat',
]

export const ROOMS: Readonly<Record<string, Room>> = {
  'lib/primitives': { rooms: [], packages: [], builtins: [] },
  'lib/contracts': { rooms: ['lib/primitives'], packages: ['zod'], builtins: [] },
  'lib/frames': { rooms: PURE, packages: [], builtins: [] },
  'lib/bus': { rooms: [...PURE, 'lib/frames'], packages: [], builtins: ['*'] },
  'lib/bus/drivers/redis': { rooms: [...PURE, 'lib/bus'], packages: ['ioredis'], builtins: ['*'] },
  'lib/telemetry': { rooms: [...PURE, 'lib/frames', 'lib/bus'], packages: [], builtins: ['*'] },
  'lib/commands': { rooms: [...PURE, 'lib/frames', 'lib/bus', 'lib/telemetry'], packages: [], builtins: ['*'] },
  'lib/alerts': { rooms: PURE, packages: [], builtins: [] },
  'lib/audit': { rooms: PURE, packages: ['zod'], builtins: ['node:crypto'] },
  'lib/training': { rooms: PURE, packages: [], builtins: ['node:crypto', 'node:zlib'] },
  'lib/controller': { rooms: PURE, packages: [], builtins: [] },
  'lib/agents': { rooms: ALL_BUT_LIVE, packages: [], builtins: ['*'] },
  'lib/loadgen': { rooms: [...PURE, 'lib/frames', 'lib/bus', 'lib/telemetry'], packages: ['zod'], builtins: [] },
  'lib/compat': { rooms: [...PURE, 'lib/bus'], packages: ['zod'], builtins: ['node:zlib'] },
  'lib/live': { rooms: [...PURE, 'lib/frames'], packages: ['socket.io-client', 'fzstd'], builtins: [] },
  server: {
    rooms: [...ALL_BUT_LIVE, 'lib/alerts', 'lib/audit', 'lib/loadgen'],
    packages: [
      'zod',
      'next',
      'next/*',
      'socket.io',
      'pino',
      'prom-client',
      'cockatiel',
      'kysely',
      'kysely/*',
      'pg',
      'better-auth',
      'better-auth/*',
      'nodemailer',
    ],
    builtins: ['*'],
  },
  'server/runs': {
    rooms: [...PURE, 'lib/frames', 'server'],
    packages: [],
    builtins: ['node:crypto', 'node:fs/promises', 'node:path', 'node:util', 'node:zlib'],
  },
  components: {
    rooms: [...PURE, 'lib/frames', 'lib/live'],
    packages: [
      'react',
      'react/*',
      'react-dom',
      'react-dom/*',
      'next/*',
      'next-themes',
      'radix-ui',
      'lucide-react',
      '@tanstack/react-query',
      '@tanstack/react-virtual',
      'recharts',
      'uplot',
      'uplot/*',
      'cmdk',
      // The page's composition root hands these to lib/live, which stays free of both in its tests.
      'socket.io-client',
      'fzstd',
      'gifenc/*',
    ],
    builtins: [],
  },
  app: {
    rooms: ['components', 'lib/contracts'],
    packages: ['react', 'react/*', 'next', 'next/*', 'zod'],
    builtins: [],
  },
}

/** Names the innermost room a file lies in; null when it lies in none. */
export function roomOf(file: string): string | null {
  let found: string | null = null
  for (const room of Object.keys(ROOMS)) {
    if (file.startsWith(`${room}/`) && room.length > (found?.length ?? 0)) found = room
  }
  return found
}

const packageMatches = (specifier: string, allowed: string): boolean =>
  allowed.endsWith('/*') ? specifier.startsWith(allowed.slice(0, -1)) : specifier === allowed

const within = (target: string, room: string): boolean => target === room || target.startsWith(`${room}/`)

/** Answers null when the edge is allowed, else the rule it breaks. */
export function brokenRule(edge: ImportEdge): string | null {
  const room = roomOf(edge.from)
  if (room === null) return 'the importing file lies in no room of the table'
  const rule = ROOMS[room]!
  if (edge.to === null) {
    if (edge.specifier.startsWith('node:')) {
      const fine = rule.builtins.includes('*') || rule.builtins.includes(edge.specifier)
      return fine ? null : `${room} may not import ${edge.specifier}`
    }
    const fine = rule.packages.some((allowed) => packageMatches(edge.specifier, allowed))
    return fine ? null : `${room} may import the packages [${rule.packages.join(', ')}], not ${edge.specifier}`
  }
  // Styles belong to whoever draws.
  if (edge.to.endsWith('.css')) return room === 'app' || room === 'components' ? null : `${room} may not import styles`
  if (edge.to === 'server/handle.ts' && room === 'app') {
    const isRoute = edge.from.endsWith('/route.ts') || edge.from.startsWith('app/api/_route/')
    return isRoute ? null : 'only routes (app/**/route.ts and what they share) may import server/handle.ts'
  }
  const target = roomOf(edge.to)
  if (target === null) return `${edge.to} lies in no room of the table`
  // The drivers' folders are part of lib/bus for everybody who may open that room; inside it they are assembled from above.
  const allowed = target === room || within(target, room) || rule.rooms.some((name) => within(target, name))
  return allowed ? null : `${room} may import [${rule.rooms.join(', ')}], not ${target}`
}
