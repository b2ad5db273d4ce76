export interface RedisBinary {
  readonly path: string
  /** Laid over process.env when it is run. */
  readonly env: Record<string, string>
  readonly origin: 'PATH' | 'cache'
}

/** Finds a usable redis-server (7.0 or newer): PATH, then the project's cache. Never throws. */
export function findRedisServer(): RedisBinary | null

/** Fetches one into the project's cache; null on success, else a sentence saying why not. */
export function fetchRedisServer(onStart?: (pid: number) => void): Promise<string | null>
