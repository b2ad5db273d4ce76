/*
 * trainerSwitch: the shared words by which an agent stops a training thread before its next step.
 * In: one shared buffer. Out: the agent's side (hold layers, freeze structure, pause) and the trainer's (one load per step).
 * Invariant: a change is seen before the next step, whatever waits in the mailbox; the trainer says which change it obeyed, and when it
 * rests: a change made while it rests is in force at once, for it looks before it does anything; a command older than a stop can tell so,
 * also after the resume.
 * Source: docs/training.md "stop"; docs/adr/0012-stop-and-lease.md.
 */
const CHANGE = 0
const OBEYED = 1
const PAUSED = 2
const STEP = 3
const WORKING = 4
const LAYERS_AT = 5
/** Per layer: held, stops so far, structure frozen. */
const STRIDE = 3

/** What the agent wants at the moment. */
export interface SwitchReading {
  readonly change: number
  /** 1 per layer that stands still. */
  readonly held: readonly boolean[]
  /** Stand still at the next tick boundary. */
  readonly paused: boolean
}

/** The buffer both sides share: nothing held. */
export function createSwitchBuffer(layers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (LAYERS_AT + STRIDE * layers))
}

export interface SwitchWriter {
  /** Sets which layers stand still; `stopped` are those a stop named just now. Returns the number of the change. */
  hold(held: readonly boolean[], stopped: readonly number[]): number
  /** What the lease allows: structure per layer, steps of the run. Returns the number of the change. */
  allow(allowed: { readonly structure: readonly boolean[]; readonly steps: boolean }): number
  /** Asks for a sign of life: a change that changes nothing. */
  probe(): number
  /** How many stops a layer has had: what a command carries from its receipt to its tick. */
  stopsOf(layer: number): number
  /** Step at which the trainer obeyed last. */
  step(): number
  /**
   * Tells whether the trainer rests: what was changed before this call is then in force, although it was not obeyed yet. Both sides
   * write before they read (the trainer that it works, the agent its change), so one of them sees the other.
   */
  rests(): boolean
  /** Resolves true when the trainer obeyed this change or a later one, false when `until` comes first. */
  obeyed(change: number, until: Promise<unknown>): Promise<boolean>
}

/** The agent's side. */
export function createSwitchWriter(buffer: SharedArrayBuffer): SwitchWriter {
  const cells = new Int32Array(buffer)
  const ring = (): number => {
    const change = Atomics.add(cells, CHANGE, 1) + 1
    Atomics.notify(cells, CHANGE)
    return change
  }
  return {
    hold(held, stopped) {
      held.forEach((value, layer) => Atomics.store(cells, LAYERS_AT + STRIDE * layer, value ? 1 : 0))
      for (const layer of stopped) Atomics.add(cells, LAYERS_AT + STRIDE * layer + 1, 1)
      return ring()
    },
    allow({ structure, steps }) {
      structure.forEach((value, layer) => Atomics.store(cells, LAYERS_AT + STRIDE * layer + 2, value ? 0 : 1))
      Atomics.store(cells, PAUSED, steps ? 0 : 1)
      return ring()
    },
    probe: ring,
    rests: () => Atomics.load(cells, WORKING) === 0,
    step: () => Atomics.load(cells, STEP),
    stopsOf: (layer) => Atomics.load(cells, LAYERS_AT + STRIDE * layer + 1),
    async obeyed(change, until) {
      let over = false
      const end = until.then(
        () => (over = true),
        () => (over = true),
      )
      for (;;) {
        const seen = Atomics.load(cells, OBEYED)
        if (seen >= change) return true
        if (over) return false
        const waiting = Atomics.waitAsync(cells, OBEYED, seen)
        if (waiting.async) await Promise.race([waiting.value, end])
      }
    },
  }
}

export interface SwitchReader {
  /** One load: whether anything changed since the last `read`. */
  changed(): boolean
  read(): SwitchReading
  /** Says that this change is done, and at which step. */
  obey(change: number, step: number): void
  /** Said before the first look at the switches of a burst. */
  work(): void
  /** Said after the last step of a burst: nothing moves before the next `work`. */
  rest(step: number): void
  /** Whether structure of a layer may change now. */
  structureAllowed(layer: number): boolean
  stopsOf(layer: number): number
  /** Calls back soon after a change, also while the thread waits for its next burst; returns its undo. */
  onChange(callback: () => void): () => void
}

/** The training thread's side. */
export function createSwitchReader(buffer: SharedArrayBuffer): SwitchReader {
  const cells = new Int32Array(buffer)
  const layers = (cells.length - LAYERS_AT) / STRIDE
  // A change made before the thread was up is one it has not read.
  let readChange = -1
  return {
    changed: () => Atomics.load(cells, CHANGE) !== readChange,
    read() {
      // The number first: what is written after it brings a further change.
      const change = Atomics.load(cells, CHANGE)
      readChange = change
      const held = Array.from({ length: layers }, (_, layer) => Atomics.load(cells, LAYERS_AT + STRIDE * layer) === 1)
      return { change, held, paused: Atomics.load(cells, PAUSED) === 1 }
    },
    obey(change, step) {
      Atomics.store(cells, STEP, step)
      Atomics.store(cells, OBEYED, change)
      Atomics.notify(cells, OBEYED)
    },
    work: () => void Atomics.store(cells, WORKING, 1),
    rest(step) {
      Atomics.store(cells, STEP, step)
      Atomics.store(cells, WORKING, 0)
    },
    structureAllowed: (layer) => Atomics.load(cells, LAYERS_AT + STRIDE * layer + 2) === 0,
    stopsOf: (layer) => Atomics.load(cells, LAYERS_AT + STRIDE * layer + 1),
    onChange(callback) {
      let over = false
      const listen = async (): Promise<void> => {
        let seen = Atomics.load(cells, CHANGE)
        while (!over) {
          const waiting = Atomics.waitAsync(cells, CHANGE, seen)
          if (waiting.async) await waiting.value
          if (over) return
          seen = Atomics.load(cells, CHANGE)
          callback()
        }
      }
      void listen()
      return () => {
        over = true
        Atomics.notify(cells, CHANGE)
      }
    },
  }
}
