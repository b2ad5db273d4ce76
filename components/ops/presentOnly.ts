/*
 * presentOnly: while a tab shows the past, nothing is commanded from it.
 * In: whether the past is shown. Out: a refusal with its reason, for forms and for whatever sends.
 * Invariant: the refusal holds at the door of sending too, whatever a form shows; the emergency stop does not go through here.
 * Source: docs/ux.md "time travel"; features B7.
 */
let past = false

export const REPLAY_REFUSAL =
  'The past is shown: a command would meet a network that is no longer like this. Go live to command; the emergency stop works from here.'

/** Says whether this tab shows the past. */
export function setPastShown(on: boolean): void {
  past = on
}

/** The reason why nothing can be commanded now; null when it can. */
export function replayRefusal(): string | null {
  return past ? REPLAY_REFUSAL : null
}
