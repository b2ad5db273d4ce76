import { ERROR_CATALOG } from '../../lib/contracts/errorCatalog.ts'

/** Says why entries were refused, and what to do: the catalogue's own words; an unknown reason stays without any. */
export function refusalWords(code: string): string {
  const entry = (ERROR_CATALOG as Readonly<Record<string, (typeof ERROR_CATALOG)[keyof typeof ERROR_CATALOG]>>)[code]
  return entry ? `${entry.title}. ${entry.operator}` : ''
}
