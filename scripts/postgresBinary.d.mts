export interface PostgresBinary {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly origin: 'PATH' | 'cache'
  /** The unpacked tree it lies in; null for the system's own. */
  readonly root: string | null
}
export function findPostgres(): PostgresBinary | null
export function fetchPostgres(onStart?: (pid: number) => void): Promise<string | null>
