/* Words of vitals: cores, bytes, shares; what was not measured reads "not measured", never 0. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const
const NOT_MEASURED = 'not measured'

/** Writes bytes in powers of 1,000. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return NOT_MEASURED
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1_000 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`
}

export function coresText(cores: number | null): string {
  return cores === null ? NOT_MEASURED : `${cores.toFixed(2)} cores`
}

export function shareText(ratio: number | null): string {
  return ratio === null ? NOT_MEASURED : `${(ratio * 100).toFixed(1)} %`
}

export function msText(ms: number | null): string {
  return ms === null ? NOT_MEASURED : `${ms.toFixed(1)} ms`
}
