/** Reads what was exported, or a list of rules, or one rule; says in words what is wrong with anything else. */
export function readRules(
  text: string,
): { readonly ok: true; readonly rules: readonly unknown[] } | { readonly ok: false; readonly problem: string } {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (error) {
    return { ok: false, problem: `This is not JSON: ${error instanceof Error ? error.message : 'unreadable'}` }
  }
  const rules =
    Array.isArray(read) || typeof read !== 'object' || read === null
      ? read
      : 'rules' in read
        ? read.rules
        : 'detector' in read
          ? [read]
          : null
  if (!Array.isArray(rules) || rules.length === 0)
    return { ok: false, problem: 'No rules in it. Accepted are an export, a list of rules, or one rule.' }
  return { ok: true, rules }
}
