export interface Chromium {
  readonly executablePath: string
  /** Laid over process.env when it is launched. */
  readonly env: Record<string, string>
  readonly origin: 'system' | 'npm'
  readonly args: string[]
}

/** Finds a Chromium that runs: the system's, else the one packed in npm. Rejects when there is none. */
export function findChromium(): Promise<Chromium>
