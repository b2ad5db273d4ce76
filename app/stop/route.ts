/*
 * /stop: the emergency stop as a plain page: no script, no framework, two deliberate actions (the tick, then the button).
 * In: the layers that are known. Out: a form that posts to /api/emergency-stop.
 * Invariant: it answers also when nothing is known of the layers; every name is escaped.
 * Source: docs/commands.md "emergency stop".
 */
import { COMMANDS_API } from '../../lib/contracts/commandsApi.ts'
import type { Handle } from '../../server/handle.ts'
import { defineRoute } from '../api/_route/defineRoute.ts'

export const dynamic = 'force-dynamic'

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function layerNames(handle: Handle): readonly string[] {
  try {
    const { layers } = handle.layers() as { readonly layers: readonly { layer_id: string; origin: string }[] }
    return [...new Set(layers.flatMap((layer) => (layer.origin === 'load-generator' ? [] : [layer.layer_id])))]
  } catch {
    return []
  }
}

export const GET = defineRoute(COMMANDS_API.stopPage, ({ handle }) => {
  const options = layerNames(handle).map((name) => `<option value="${escaped(name)}">${escaped(name)}</option>`)
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Emergency stop · Morphoscope</title>
<style>
:root { color-scheme: dark light }
body { font: 16px/24px system-ui, sans-serif; max-width: 34em; margin: 8vh auto; padding: 0 20px }
select, button { font: inherit; min-height: 48px; padding: 0 16px }
input { width: 24px; height: 24px; vertical-align: middle }
button { background: #b3261e; color: #fff; border: 0; border-radius: 4px; font-weight: 700 }
</style>
<main>
<h1>Emergency stop</h1>
<p>Training halts before its next step. Nothing is erased. It stays stopped until two persons resume it.</p>
<form method="post" action="/api/emergency-stop">
<p><label>What <select name="scope"><option value="all">all layers</option>${options.join('')}</select></label></p>
<p><label><input type="checkbox" name="sure" value="yes" required> Stop it now</label></p>
<p><button type="submit">Send the stop</button></p>
</form>
<p>Without this server, in a terminal on its machine: <code>npx morphoscope stop</code></p>
<p><a href="/">Back to the live page</a></p>
</main>
</html>
`
  return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } })
})
