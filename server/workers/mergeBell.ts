/*
 * mergeBell: the reader of the bus wakes the main thread when it merged something, and only while somebody listens.
 * In: one shared buffer. Out: `ring` for the reader, `listen` for the main thread.
 * Invariant: ringing never blocks and costs one load while nobody listens; rings that come close together wake once; none is missed.
 * Source: docs/architecture.md "telemetry flow"; ECMAScript Atomics.waitAsync.
 */
const RINGS = 0
const LISTENING = 1

/** The buffer both sides share. */
export const createBellBuffer = (): SharedArrayBuffer => new SharedArrayBuffer(8)

/** The reader's side. */
export function createBellRinger(buffer: SharedArrayBuffer): () => void {
  const cells = new Int32Array(buffer)
  return () => {
    if (Atomics.load(cells, LISTENING) === 0) return
    Atomics.add(cells, RINGS, 1)
    Atomics.notify(cells, RINGS)
  }
}

export interface BellListener {
  setListening(listening: boolean): void
}

/** The main thread's side: `onRing` runs soon after one ring or many. */
export function createBellListener(buffer: SharedArrayBuffer, onRing: () => void): BellListener {
  const cells = new Int32Array(buffer)
  /** Which listening this is: a wait that was left behind ends by itself. */
  let turn = 0

  const listen = async (mine: number): Promise<void> => {
    let seen = Atomics.load(cells, RINGS)
    while (mine === turn) {
      const waiting = Atomics.waitAsync(cells, RINGS, seen)
      // It rang already: sockets get their turn first.
      await (waiting.async ? waiting.value : new Promise<void>((resolve) => void setImmediate(resolve)))
      if (mine !== turn) return
      // Read before the work: a ring during it is seen by the next wait.
      seen = Atomics.load(cells, RINGS)
      onRing()
    }
  }

  return {
    setListening(listening) {
      turn++
      Atomics.store(cells, LISTENING, listening ? 1 : 0)
      if (listening) void listen(turn)
      // What waits must not hold the process: it wakes, sees that its turn is over, and ends.
      else Atomics.notify(cells, RINGS)
    },
  }
}
