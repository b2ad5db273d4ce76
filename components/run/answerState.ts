import type { ApiAnswer } from '../records/useApi.ts'
import type { PanelState } from '../ui/Panel.tsx'

/** State and words of a panel that shows one answer: what was known stays below a failure. */
export function answerState(
  { data, problem }: Pick<ApiAnswer<unknown>, 'data' | 'problem'>,
  isEmpty: boolean,
  emptyText = '',
): { readonly state: PanelState; readonly message: string } {
  if (problem !== null)
    return {
      state: 'error',
      message: `${problem.text} (${problem.code})${data === null ? '' : ' What was known stays below.'}`,
    }
  if (data === null) return { state: 'loading', message: '' }
  return isEmpty ? { state: 'empty', message: emptyText } : { state: 'ready', message: '' }
}
