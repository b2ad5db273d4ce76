/*
 * authLibrary: better-auth, set up for this installation: people with a name and password, and one OIDC provider if configured.
 * In: records, secret, passwords, origins. Out: the library's instance.
 * Invariant: nobody signs themselves up with a password; cookies can not be read by scripts and do not travel from other sites; no
 * address of a person is kept; sessions are absolute and are not prolonged by use.
 * Source: docs/adr/0011-access.md; docs/security.md.
 */
import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { admin, genericOAuth, username } from 'better-auth/plugins'
import { createAccessControl } from 'better-auth/plugins/access'
import { ROLES } from '../../lib/contracts/permissions.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { Passwords } from './passwords.ts'

export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

export interface AuthLibraryOptions {
  readonly records: Records
  readonly secret: string
  readonly passwords: Passwords
  /** Where people come from; the first one is where OIDC answers to. */
  readonly origins: readonly string[]
  readonly oidc: OidcSettings | null
  readonly onProblem: (text: string) => void
}

export const SESSION_MS = 12 * 3_600_000
export const OIDC_PROVIDER = 'oidc'

/** Cookies of an https address carry the prefix that ties them to this host; on plain loopback http browsers refuse it. */
export function sessionCookieName(origins: readonly string[]): { readonly name: string; readonly secure: boolean } {
  const secure = origins.some((origin) => origin.startsWith('https:'))
  return { name: secure ? '__Host-morphoscope_session' : 'morphoscope_session', secure }
}

/** Our roles are checked by our own table; the library only has to know their names. */
const control = createAccessControl({ morphoscope: ['use'] } as const)
const roles = Object.fromEntries(ROLES.map((role) => [role, control.newRole({ morphoscope: ['use'] })]))

/** The options, also what its tables are compared with. */
export function authOptions({ records, secret, passwords, origins, oidc, onProblem }: AuthLibraryOptions) {
  const { name, secure } = sessionCookieName(origins)
  return {
    appName: 'Morphoscope',
    baseURL: origins[0] ?? 'http://127.0.0.1',
    basePath: '/api/auth',
    trustedOrigins: [...origins],
    secret,
    database: { db: records.db, type: records.dialect.name, transaction: true },
    telemetry: { enabled: false },
    logger: {
      log: (level, message) => {
        if (level === 'error') onProblem(message)
      },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 1,
      maxPasswordLength: 256,
      password: {
        hash: (password: string) => passwords.hash(password),
        verify: ({ hash, password }: { hash: string; password: string }) => passwords.verify(hash, password),
      },
    },
    session: { expiresIn: SESSION_MS / 1_000, disableSessionRefresh: true, cookieCache: { enabled: false } },
    account: { accountLinking: { enabled: false } },
    advanced: {
      useSecureCookies: false,
      ipAddress: { disableIpTracking: true },
      cookiePrefix: 'morphoscope',
      // What carries an answer of OIDC back comes by a link from another site; the session itself never does.
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', secure, path: '/' },
      cookies: { session_token: { name, attributes: { httpOnly: true, sameSite: 'strict', secure, path: '/' } } },
    },
    rateLimit: { enabled: true, window: 60, max: 60, storage: 'memory' },
    plugins: [
      username({ minUsernameLength: 3, maxUsernameLength: 32 }),
      admin({ defaultRole: 'viewer', adminRoles: ['admin'], roles }),
      ...(oidc === null
        ? []
        : [
            genericOAuth({
              config: [
                {
                  providerId: OIDC_PROVIDER,
                  clientId: oidc.clientId,
                  clientSecret: oidc.clientSecret,
                  discoveryUrl: `${oidc.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
                  scopes: ['openid', 'profile', 'email'],
                  pkce: true,
                },
              ],
            }),
          ]),
    ],
  } satisfies BetterAuthOptions
}

/** Creates the instance; it keeps nothing outside the records. */
export function createAuthLibrary(options: AuthLibraryOptions) {
  return betterAuth(authOptions(options))
}
