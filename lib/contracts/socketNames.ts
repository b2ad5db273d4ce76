/*
 * Names and bounds of the Socket.IO contract, without its schemas: pages load them.
 * In: nothing. Out: paths, namespaces, protocol number, limits.
 * Invariant: no schema library here.
 * Source: docs/protocol.md "Socket.IO".
 */
export const SOCKET_PATH = '/socket.io'
export const LIVE_NAMESPACE = '/live'
/** Raised when an older client could misread what we send; the server answers `refused` and the page says "reload". */
export const LIVE_PROTOCOL = 1

export const SOCKET_LIMITS = Object.freeze({
  maxHttpBufferBytes: 65_536,
  connectTimeoutMs: 5_000,
  recordsKept: 2_000,
  recordsBytesPerViewer: 1_048_576,
  eventsPerSecond: 50,
  /** Rows per cell: the place of a seed inside its bin is one byte. */
  binSize: 256,
})

/** Seeds up to which a view is offered with every column as float32. */
export const EXACT_MAX_SEEDS = 4_096

/** Commands and their acknowledgements. */
export const OPS_NAMESPACE = '/ops'
