/*
 * stopForm: the emergency stop as a plain HTML form, for when nothing else of a page works.
 * In: a urlencoded form with scope=all, or layer once or more. Out: a page without scripts that says what happened.
 * Invariant: the same stop as over JSON; what went wrong is said in words on the page; every text on it is escaped.
 * Source: docs/commands.md "emergency stop"; docs/ux.md "emergency stop".
 */
import { toProblem } from '../../../lib/contracts/appError.ts'
import { StopRequest, type StopTaken } from '../../../lib/contracts/httpStops.ts'

const MAX_FORM_BYTES = 65_536

/** Tells whether a request is such a form. */
export function isForm(request: Request): boolean {
  return (request.headers.get('content-type') ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded')
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function page(status: number, title: string, lines: readonly string[]): Response {
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title></head>
<body>
<main aria-label="${escape(title)}">
<h1>${escape(title)}</h1>
${lines.map((line) => `<p>${line}</p>`).join('\n')}
<p><a href="/">Back to Live</a></p>
</main>
</body>
</html>
`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
  return new Response(body, { status, headers })
}

async function readForm(request: Request): Promise<unknown> {
  // What is longer than any form of ours is not read further: the rest is nobody's layer.
  let text = ''
  const decoder = new TextDecoder()
  for await (const part of request.body ?? []) {
    text += decoder.decode(part, { stream: true })
    if (text.length >= MAX_FORM_BYTES) break
  }
  const form = new URLSearchParams(text.slice(0, MAX_FORM_BYTES))
  const named = form.get('scope')
  const layers = [...form.getAll('layer'), ...(named === null || named === 'all' ? [] : [named])].filter(
    (layer) => layer !== '',
  )
  const scope = named === 'all' ? 'all' : layers
  return { scope, reason: form.get('reason') ?? '', ...(form.has('key') ? { key: form.get('key') } : {}) }
}

/** Stops and says so. Never throws. */
export async function stopPage(
  request: Request,
  stop: (request: StopRequest) => Promise<StopTaken>,
): Promise<Response> {
  const parsed = StopRequest.safeParse(await readForm(request))
  if (!parsed.success)
    return page(422, 'Not sent', ['The form named neither all layers nor one of them. Nothing was stopped.'])
  try {
    const { id, layers, cancelled, warnings } = await stop(parsed.data)
    return page(202, 'Emergency stop sent', [
      `Sent to ${layers} layer${layers === 1 ? '' : 's'}. <a href="/api/emergency-stop/${escape(id)}">Which of them confirmed</a>: a layer that is not listed as applied may still run.`,
      `${cancelled.length} queued command${cancelled.length === 1 ? '' : 's'} cancelled.`,
      ...warnings.map(escape),
    ])
  } catch (error) {
    const problem = toProblem(error)
    return page(problem.status, 'Not sent', [escape(problem.detail), 'From a shell: <code>npx morphoscope stop</code>'])
  }
}
