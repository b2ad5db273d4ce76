/*
 * Identifiers and numbers as they may appear on the wire: one alphabet, one length, no hostile keys.
 * In: nothing. Out: zod schemas that every message, topic and route builds on.
 * Invariant: an id that passed here is safe as a topic segment, an object key, an HTML text and a log field.
 * Source: docs/protocol.md "ids".
 */
import { z } from 'zod'
import { HOSTILE_KEYS, WIRE_ID } from './wireIdText.ts'

/** Accepts 1..128 characters of [A-Za-z0-9_:-]; refuses the three prototype keys. Dots separate topic segments. */
export const WireId = z
  .string()
  .regex(WIRE_ID, 'an id has 1 to 128 characters of A-Z a-z 0-9 _ : -')
  .refine((id) => !HOSTILE_KEYS.has(id), 'this id is a reserved property name')
export type WireId = z.infer<typeof WireId>

export const LayerId = WireId
export const RunId = WireId
export const SeedId = z.int().min(0).max(16_777_215)
export const Finite = z.number().refine(Number.isFinite, 'a finite number')
export const Fraction = Finite.min(0).max(1)
export const UnixSeconds = Finite.min(0).max(4_102_444_800)
export const Step = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
/** Free text for people: bounded, without control or bidirectional characters (they can forge log lines and labels). Tab and line feed may stand in it. */
export const Prose = z
  .string()
  .max(2_000)
  .regex(
    /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{d800}-\u{dfff}\u{e0000}-\u{e007f}]*$/u,
    'text without control or bidirectional characters',
  )
/** One line of text: what Prose refuses, and tab and line feed too. For names, ids of other components, keys. */
export const LogText = z
  .string()
  .max(2_000)
  .regex(
    /^[^\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{d800}-\u{dfff}\u{e0000}-\u{e007f}]*$/u,
    'one line of text without control or bidirectional characters',
  )
