/*
 * openOperators: everything about who may use this installation, put together: people, tokens, the demo, the door, its answers.
 * In: configuration, records, audit trail. Out: the door for routes and sockets, the functions of the handle, the first code.
 * Invariant: AUTH=demo and people never exist side by side; what is refused, and every change, is in the audit trail.
 * Source: docs/adr/0011-access.md; docs/security.md.
 */
import path from 'node:path'
import type { AppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import { ensureSecretFile } from '../stores/keyFiles.ts'
import type { Config } from '../config.ts'
import type { AccessHandle, PeopleHandle, SessionHandle } from '../handle.ts'
import { createAccessApi } from '../http/apiAccess.ts'
import { createPeopleApi } from '../http/apiPeople.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { createAccess, type Access } from './access.ts'
import { createAccessVersion } from './accessVersion.ts'
import { createAuthLibrary } from './authLibrary.ts'
import { demoRolesOf, demoSource } from './demoSource.ts'
import { createDenialRecorder } from './denialRecorder.ts'
import { createFirstAdminDoor } from './firstAdmin.ts'
import { createPasswords } from './passwords.ts'
import { createPeople } from './people.ts'
import { createSignInLimits } from './signInLimits.ts'
import { permissionsOf } from './subject.ts'
import { createTokens, type RolesOf } from './tokens.ts'

export interface OperatorsOptions {
  readonly config: Config
  /** Absolute. */
  readonly dataDir: string
  /** Where pages come from; the first one is where OIDC answers to. */
  readonly origins: readonly string[]
  readonly records: Records
  readonly audit: AuditLog
  readonly clock: Clock
  readonly onProblem: (text: string) => void
  readonly onFailure: (error: AppError) => void
}

export interface Operators {
  readonly access: Access
  readonly handle: AccessHandle & SessionHandle & PeopleHandle
  /** Whether who is named so in commands may still act: a person or a token. */
  readonly mayAct: (actor: string) => Promise<boolean>
  /** For the person at the terminal; null when somebody is there already. */
  readonly firstAdminCode: string | null
  stop(): void
}

/** @throws STATE_STORAGE */
export async function openOperators(options: OperatorsOptions): Promise<Operators> {
  const { config, dataDir, origins, records, audit, clock, onProblem, onFailure } = options
  const keys = path.join(dataDir, 'keys')
  const passwords = createPasswords()
  const people =
    config.auth === 'demo'
      ? null
      : createPeople({
          records,
          passwords,
          origins,
          clock,
          library: createAuthLibrary({
            records,
            passwords,
            origins,
            onProblem,
            secret: ensureSecretFile(keys, 'session'),
            oidc: config.oidc,
          }),
        })
  const rolesOf: RolesOf = (id) => (people === null ? Promise.resolve(demoRolesOf(id)) : people.rolesOf(id))
  const tokens = createTokens(records, clock, rolesOf)
  const access: Access = createAccess({
    clock,
    sources: [tokens.source, people?.source ?? demoSource],
    salt: ensureSecretFile(keys, 'address'),
    metricsToken: config.metricsToken,
    onDenied: createDenialRecorder({ audit, clock, addressHash: (address) => access.addressHash(address) }),
    onProblem,
    onFailure,
    ...createAccessVersion(records),
  })
  const door = createFirstAdminDoor(people !== null && (await people.count()) === 0)
  return {
    access,
    async mayAct(actor) {
      const token = /^token:(.+)$/.exec(actor)?.[1]
      if (token !== undefined) return (await tokens.carriedBy(token)).includes('operator')
      return permissionsOf(await rolesOf(actor)).has('operator')
    },
    handle: {
      access,
      ...createAccessApi({
        clock,
        access,
        audit,
        people,
        door,
        limits: createSignInLimits(clock),
        oidcName: config.oidc?.name ?? null,
      }),
      ...createPeopleApi({ access, audit, people, tokens }),
    },
    firstAdminCode: door.code,
    stop: () => access.stop(),
  }
}
