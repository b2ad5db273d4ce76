import { expect, test } from 'vitest'
import { createAuditWitness, rollbackWords } from '../../../../lib/commands/auditWitness.ts'
import { createCommandGate } from '../../../../lib/commands/commandGate.ts'
import { createCommandOrder } from '../../../../lib/commands/commandOrder.ts'
import type { Command } from '../../../../lib/contracts/commands.ts'

const mark = (size: number, root: string, atMs: number) => ({ size, root: root.repeat(64), atMs })

test('remembers the largest size it was told of, also from what was kept', () => {
  const witness = createAuditWitness()
  expect(witness.see(mark(10, 'a', 0))).toBeNull()
  expect(witness.see(mark(12, 'b', 1))).toBeNull()
  expect(witness.kept()).toEqual(mark(12, 'b', 1))
  expect(createAuditWitness(witness.kept()).kept()).toEqual(mark(12, 'b', 1))
})

test('a log that is smaller later is told once, and again after it was as large', () => {
  const witness = createAuditWitness(mark(100, 'a', 0))
  const found = witness.see(mark(40, 'b', 31_000))
  expect(found).toMatchObject({ kind: 'smaller', known: { size: 100 }, seen: { size: 40 } })
  expect(rollbackWords(found!)).toContain('has 40 entries and had 100 entries')
  expect(witness.see(mark(41, 'c', 32_000))).toBeNull()
  expect(witness.kept()!.size).toBe(100)
  expect(witness.see(mark(101, 'd', 33_000))).toBeNull()
  expect(witness.see(mark(50, 'b', 99_000))).toMatchObject({ kind: 'smaller' })
})

test('another root over the same entries is told at once', () => {
  const witness = createAuditWitness(mark(100, 'a', 0))
  const found = witness.see(mark(100, 'b', 1))
  expect(found).toMatchObject({ kind: 'other root' })
  expect(rollbackWords(found!)).toContain('it was rewritten')
})

test('two commands that overtook each other are no rollback', () => {
  const witness = createAuditWitness(mark(100, 'a', 10_000))
  expect(witness.see(mark(99, 'b', 10_004))).toBeNull()
  expect(witness.see(mark(100, 'a', 10_006))).toBeNull()
  expect(witness.kept()!.size).toBe(100)
})

test('only numbered commands of the gateway that are in order are heard', () => {
  const heard: (number | null | undefined)[] = []
  const gate = createCommandGate({
    layerIds: ['layer_0'],
    order: createCommandOrder(),
    onHeard: ({ audit_size }) => void heard.push(audit_size),
  })
  const command = (message_type: string, seq: number, audit_size: number) =>
    ({ message_type, gateway_epoch: 1, seq, audit_size, audit_root: 'a'.repeat(64) }) as unknown as Command
  const gateway = { scope: 'gateway', keyId: 'g' } as const
  const controller = { scope: 'controller', keyId: 'c' } as const
  expect(gate.inOrder(command('LifecycleTransitionCommand', 1, 10), 'layer_0', gateway, false)).toBeNull()
  expect(gate.inOrder(command('LifecycleTransitionCommand', 1, 99), 'layer_0', gateway, false)).not.toBeNull()
  expect(gate.inOrder(command('LifecycleTransitionCommand', 1, 77), 'layer_0', controller, false)).toBeNull()
  expect(gate.inOrder(command('NoOp', 2, 66), 'layer_0', gateway, false)).toBeNull()
  expect(heard).toEqual([10])
})
