/*
 * guardNamespace: who may be in a namespace at all, and for how long.
 * In: a namespace, the door. Out: what bindHandlers needs of a socket; sockets of nobody are closed.
 * Invariant: nobody enters without the permission to look; a session that ends, or loses it, closes its sockets at once.
 * Source: docs/security.md "sockets"; OWASP ASVS 5.0 V4.4.
 */
import type { IncomingMessage } from 'node:http'
import type { Permission } from '../../lib/contracts/permissions.ts'
import { peerOf } from '../http/peer.ts'
import { refusal, type Access, type Identity } from '../operators/access.ts'
import type { Credentials, Subject } from '../operators/subject.ts'

export interface NamespaceGuard {
  readonly access: Access
  readonly trustProxy: boolean
}

/** The part of a Socket.IO socket that is used here. */
interface GuardedSocket {
  readonly id: string
  readonly request: IncomingMessage
  readonly conn: { once(event: 'close', listener: () => void): unknown }
  readonly handshake: { readonly auth: Readonly<Record<string, unknown>> }
  on(event: 'disconnect', listener: () => void): unknown
  disconnect(close: boolean): unknown
}

interface GuardedNamespace {
  readonly name: string
  readonly sockets: ReadonlyMap<string, GuardedSocket>
  use(middleware: (socket: GuardedSocket, next: (error?: Error) => void) => void): unknown
}

const MAX_TOKEN = 512

function credentialsOf({ request, handshake }: GuardedSocket, trustProxy: boolean): Credentials {
  const token = handshake.auth['token']
  const bearer = typeof token === 'string' && token.length <= MAX_TOKEN ? `Bearer ${token}` : null
  return {
    cookie: request.headers.cookie ?? null,
    authorization: request.headers.authorization ?? bearer,
    ...peerOf(request, trustProxy),
  }
}

/** Guards the namespace; `of` gives what each event of a socket is judged by. */
export function guardNamespace(namespace: unknown, { access, trustProxy }: NamespaceGuard) {
  // Socket.IO types every namespace by its events; entering one does not depend on them.
  const nsp = namespace as GuardedNamespace
  const callers = new Map<string, { readonly identity: Identity; readonly address: string }>()

  const mayStay = (id: string): boolean => {
    const caller = callers.get(id)
    return caller !== undefined && (access.current(caller.identity.key)?.permissions.has('viewer') ?? false)
  }

  const enter = async (socket: GuardedSocket): Promise<Error | undefined> => {
    const credentials = credentialsOf(socket, trustProxy)
    const identity = await access.identify(credentials)
    if (!identity.subject.permissions.has('viewer')) {
      const denial = { subject: identity.subject, permission: 'viewer' as const, what: `socket ${nsp.name}` }
      access.denied({ ...denial, address: credentials.address })
      return new Error(refusal(denial).code)
    }
    callers.set(socket.id, { identity, address: credentials.address })
    const letGo = access.hold(identity)
    const leave = (): void => {
      callers.delete(socket.id)
      letGo()
    }
    socket.on('disconnect', leave)
    // Who goes away while still entering is never told as disconnected.
    socket.conn.once('close', leave)
    return undefined
  }
  const admit = async (socket: GuardedSocket, next: (error?: Error) => void): Promise<void> => {
    // Who can not be looked up does not get in.
    next(await enter(socket).catch(() => new Error('STATE_STORAGE')))
  }
  nsp.use((socket, next) => void admit(socket, next))
  access.onChange(() => {
    for (const [id, socket] of nsp.sockets) if (!mayStay(id)) socket.disconnect(true)
  })

  return {
    of: ({ id }: { readonly id: string }) => ({
      subject: (): Subject | null => {
        const caller = callers.get(id)
        return caller === undefined ? null : access.current(caller.identity.key)
      },
      onDenied: (subject: Subject, permission: Permission, event: string): void => {
        const address = callers.get(id)?.address ?? 'unknown'
        access.denied({ subject, permission, what: `${nsp.name} ${event}`, address })
      },
    }),
  }
}
