import { expect, test } from 'vitest'
import { PERMISSION_NAMES, ROLES, parseRoles, permits } from '../../../../lib/contracts/permissions.ts'

test('each role carries what the table of docs/security.md says, and nothing else', () => {
  const table = Object.fromEntries(
    ROLES.map((role) => [role, PERMISSION_NAMES.filter((name) => permits([role], name))]),
  )
  expect(table).toEqual({
    viewer: ['none', 'viewer'],
    operator: ['none', 'viewer', 'operator'],
    admin: ['none', 'viewer', 'admin'],
    auditor: ['none', 'viewer', 'auditor'],
  })
})

test('without a role nothing is permitted but what anybody may', () => {
  expect(PERMISSION_NAMES.filter((name) => permits([], name))).toEqual(['none'])
})

test('roles add up', () => {
  expect(permits(['admin', 'auditor'], 'auditor')).toBe(true)
  expect(permits(['admin', 'auditor'], 'operator')).toBe(false)
})

test('a stored list reads as roles; unknown words carry nothing', () => {
  expect(parseRoles('operator, admin,operator,root')).toEqual(['operator', 'admin'])
  expect(parseRoles(null)).toEqual([])
})
