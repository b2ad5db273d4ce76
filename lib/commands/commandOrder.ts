/*
 * commandOrder: the fence against commands that come from the past of their own issuer.
 * In: start (epoch) and number (seq) of signed commands, per key and destination. Out: in order, or why it is stale.
 * Invariant: what was heard once is never lower again, also over a restart; a number is taken once.
 * Source: docs/protocol.md "commands" (order); docs/adr/0007-signed-commands.md.
 */
export interface OrderQuestion {
  readonly keyId: string
  /** The layer, or `*` for all. */
  readonly destination: string
  readonly epoch: number | null | undefined
  readonly seq: number | null | undefined
}

export interface CommandOrder {
  /** Null when it is in order; else the reason. Changes nothing. */
  check(question: OrderQuestion): string | null
  /** The same, for what has no number: only the start is looked at. */
  checkEpoch(question: OrderQuestion): string | null
  /** Takes the place of a command that passed. */
  take(question: OrderQuestion): void
  kept(): Readonly<Record<string, { readonly epoch: number; readonly seq: number }>>
}

/** Keys and destinations together; more are those of an attacker who has our key, and then nothing helps. */
const MAX_PLACES = 8_192

/** Creates the fence, from what was kept of it. */
export function createCommandOrder(
  kept: Readonly<Record<string, { readonly epoch: number; readonly seq: number }>> = {},
): CommandOrder {
  const places = new Map(Object.entries(kept))
  /** A restart of the issuer is one for all its destinations. */
  const epochs = new Map<string, number>()
  const keyOf = (place: string): string => place.slice(0, place.indexOf(' '))
  const note = (place: string, epoch: number): void => {
    const keyId = keyOf(place)
    epochs.set(keyId, Math.max(epochs.get(keyId) ?? 0, epoch))
  }
  for (const [place, { epoch }] of places) note(place, epoch)

  const checkEpoch = ({ keyId, epoch }: OrderQuestion): string | null => {
    if (typeof epoch !== 'number') return 'it names no start of its issuer'
    const newest = epochs.get(keyId) ?? 0
    return epoch < newest ? `its issuer's start ${epoch} was followed by start ${newest}` : null
  }

  return {
    checkEpoch,
    check(question) {
      const { keyId, destination, epoch, seq } = question
      const older = checkEpoch(question)
      if (older !== null) return older
      if (typeof seq !== 'number') return 'it names no number'
      const place = places.get(`${keyId} ${destination}`)
      if (place && epoch === place.epoch && seq <= place.seq)
        return `number ${place.seq} of start ${epoch} was heard already`
      return null
    },
    take({ keyId, destination, epoch, seq }) {
      if (typeof epoch !== 'number' || typeof seq !== 'number') return
      const name = `${keyId} ${destination}`
      const place = places.get(name)
      if (place && (place.epoch > epoch || (place.epoch === epoch && place.seq >= seq))) return
      if (!place && places.size >= MAX_PLACES) places.delete(places.keys().next().value ?? '')
      places.set(name, { epoch, seq })
      note(name, epoch)
    },
    kept: () => Object.fromEntries(places),
  }
}
