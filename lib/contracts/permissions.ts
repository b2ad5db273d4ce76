/*
 * Permissions: who may do what, as data: four roles, and the permissions each of them carries.
 * In: zod. Out: ROLES, PERMISSION_NAMES, PERMISSIONS, `permits`.
 * Invariant: every route of the HTTP contract and every client event names one of these; nothing else decides about access.
 * A person may have several roles; admin manages access and carries neither acting nor reading the audit trail by itself.
 * Source: docs/security.md "roles".
 */
import { z } from 'zod'

export const ROLES = ['viewer', 'operator', 'admin', 'auditor'] as const
export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

/**
 * What a route or an event asks for. `none`: anybody who may talk to the server at all, also before signing in.
 * `metrics`: the bearer token of METRICS_TOKEN, a service token of that scope, or a loopback peer.
 */
export const PERMISSION_NAMES = ['none', 'metrics', 'viewer', 'operator', 'admin', 'auditor'] as const
export const Permission = z.enum(PERMISSION_NAMES)
export type Permission = z.infer<typeof Permission>

/** The whole table. A service token carries a part of it and never more than what stands here for its roles. */
export const PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = Object.freeze({
  viewer: new Set<Permission>(['none', 'viewer']),
  operator: new Set<Permission>(['none', 'viewer', 'operator']),
  admin: new Set<Permission>(['none', 'viewer', 'admin']),
  auditor: new Set<Permission>(['none', 'viewer', 'auditor']),
})

/** What somebody may hand on in a service token: what they hold themselves, and reading of metrics where they manage access. */
export function grantable(held: ReadonlySet<Permission>): ReadonlySet<Permission> {
  const own = [...held].filter((permission) => permission !== 'none' && permission !== 'admin')
  return new Set<Permission>(held.has('admin') ? [...own, 'metrics'] : own)
}

/** Tells whether any of the roles carries the permission; no roles carry `none` only. */
export function permits(roles: Iterable<Role>, permission: Permission): boolean {
  if (permission === 'none') return true
  for (const role of roles) if (PERMISSIONS[role].has(permission)) return true
  return false
}

/** Reads a stored list like `admin,operator`; unknown words carry nothing, repeated ones count once. */
export function parseRoles(text: string | null | undefined): Role[] {
  const words = new Set((text ?? '').split(',').map((word) => word.trim()))
  return ROLES.filter((role) => words.has(role))
}
