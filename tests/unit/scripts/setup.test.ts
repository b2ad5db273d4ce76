import { expect, test } from 'vitest'
import { nodeTooOld } from '../../../scripts/setup.mjs'

test('refuses a Node that is too old and says which one is needed', () => {
  for (const version of ['18.20.4', '20.8.1', '16.0.0']) expect(nodeTooOld(version)).toContain('20.9')
  for (const version of ['20.9.0', '20.20.2', '22.0.0', '24.21.0']) expect(nodeTooOld(version)).toBeNull()
})
