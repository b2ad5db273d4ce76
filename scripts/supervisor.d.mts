export interface Supervisor {
  start(): void
  stop(): void
  readonly ended: Promise<number>
}
export declare const SIGNALS: Readonly<Record<string, number>>
export declare function createSupervisor(options: {
  readonly roles: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly dev: boolean
  readonly dataDir: string
  readonly stopDeadlineMs: number
  readonly onSpawn: (pid: number) => void
}): Supervisor
