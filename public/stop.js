/*
 * stop: the emergency stop of every page, alive also when nothing else of the page is.
 * In: trusted key and pointer events; /api/layers and /api/ops for words on the targets. Out: POST /api/emergency-stop, its matrix.
 * Invariant: two deliberate actions: opening sends nothing, then one target is held for 700 ms without a break; no synthetic event,
 *   repeated key, blur, second press or finger that slid off counts, nor one let go while the page was too busy to see it. What was
 *   not sent is said, and sent again under the same key, also when another stop followed it on the page; what is not shown of a
 *   matrix is counted.
 * Plain script on purpose: no bundle, no framework; it keeps itself in the document if the page is torn down around it.
 * Source: docs/ux.md "emergency stop"; docs/commands.md "emergency stop".
 */
;(() => {
  'use strict'
  if (window.morphoscopeStop) return
  window.morphoscopeStop = true

  const HOLD_MS = 700
  const LATE_MS = 50
  const CATCH_UP_MS = 100
  const OPEN_MS = 8_000
  const WORDS_EVERY_MS = 15_000
  const RETRY_MS = 500
  const POLL_MS = 120
  const POLL_LATE_MS = 1_000
  const SHOWN_ROWS = 200
  const ALARM_MS = 1_000
  const PATH = '/api/emergency-stop'

  const STYLE = `
    :host { position: fixed; inset: auto auto 0 0; z-index: 60; font: 13px/18px var(--font, system-ui, sans-serif); color: var(--t1, #e6edf3); }
    button { font: inherit; color: inherit; cursor: pointer; border-radius: 4px; }
    button:focus-visible { outline: 2px solid var(--focus, #7fc8ff); outline-offset: 2px; }
    .open { display: flex; align-items: center; justify-content: center; gap: 5px; width: var(--stop-width, 72px); height: var(--footer, 44px);
      border: 0; border-radius: 0; background: #b3261e; color: #fff; font-weight: 700; font-size: 12px; letter-spacing: .03em; user-select: none; touch-action: manipulation; }
    .open:hover { background: #96190f; }
    .open:focus-visible { outline-offset: -4px; outline-color: #fff; }
    .tray { position: fixed; left: 0; bottom: calc(var(--footer, 44px) + 1px); width: min(340px, calc(100vw - 16px)); margin: 8px; padding: 12px; display: grid; gap: 10px;
      background: var(--panel, #121821); border: 2px solid #b3261e; border-radius: 6px; box-shadow: var(--elev, 0 12px 32px rgb(0 0 0 / .5)); }
    .tray[hidden], .bar[hidden] { display: none; }
    .tray p:empty { display: none; }
    .tray p { margin: 0; color: var(--t2, #a9b4c0); }
    .target { position: relative; overflow: hidden; min-height: 56px; padding: 8px 14px; text-align: left; border: 1px solid #b3261e; background: var(--raised, #1a222d); user-select: none; touch-action: none; -webkit-touch-callout: none; }
    .target b { display: block; font-size: 15px; line-height: 20px; }
    .target span { position: relative; }
    .target i { position: absolute; inset: 0; background: #b3261e; transform: scaleX(0); transform-origin: left; }
    .target.holding { color: #fff; }
    .bar { position: fixed; inset: 0 0 auto 0; background: #b3261e; color: #fff; padding: 10px 16px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; max-height: 60vh; overflow: auto; box-shadow: 0 6px 20px rgb(0 0 0 / .4); }
    .bar.done { background: #7a1a13; }
    .bar strong { font-size: 15px; }
    .bar .line:not([hidden]) { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
    .bar .grow { flex: 1; }
    .bar button { min-height: 32px; padding: 0 12px; border: 1px solid #fff; background: transparent; }
    .bar button:focus-visible, .bar input:focus-visible { outline-color: #fff; }
    .bar .rows { overflow-x: auto; }
    .bar table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 12px; line-height: 16px; }
    .bar th, .bar td { text-align: left; padding: 2px 14px 2px 0; white-space: nowrap; font-weight: 400; }
    .bar thead th { opacity: .85; }
    .bar tr.late th, .bar tr.late td { font-weight: 700; }
    .bar code { font: 12px/16px var(--mono, monospace); background: rgb(0 0 0 / .3); padding: 2px 6px; border-radius: 3px; overflow-wrap: anywhere; }
    .bar input { flex: 1 1 220px; min-height: 30px; border: 1px solid #fff; border-radius: 4px; background: rgb(0 0 0 / .25); color: #fff; font: inherit; padding: 0 8px; }
    .bar input::placeholder { color: rgb(255 255 255 / .85); }
    .bar p { margin: 0; }
    .bar p:empty, .bar div:empty { display: none; }
    .bar a { color: #fff; }
    @media (max-width: 720px) { .open { width: 104px; } .bar { padding: 8px 10px; } }
  `

  const make = (tag, props = {}, children = []) => {
    const element = Object.assign(document.createElement(tag), props)
    element.append(...children)
    return element
  }
  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text
  }
  const utc = (iso) => (iso ? iso.slice(11, 23) : '')

  const host = make('div', { id: 'emergency-stop' })
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  root.adoptedStyleSheets = [sheet]

  // What is known of the layers; words only: a stop is sent whatever is known.
  let layers = null
  let ready = null

  const openButton = make('button', { type: 'button', className: 'open', title: 'Emergency stop (Alt+Shift+X)' })
  openButton.innerHTML =
    '<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true"><path d="M5.2 1.6h5.6l3.6 3.6v5.6l-3.6 3.6H5.2l-3.6-3.6V5.2Z"/></svg>'
  openButton.append('STOP')
  openButton.setAttribute('aria-label', 'Emergency stop')
  openButton.setAttribute('aria-expanded', 'false')
  openButton.setAttribute('aria-keyshortcuts', 'Alt+Shift+X')

  const notice = make('p', { role: 'status' })
  const where = make('p')
  const beyond = make('p')
  const targetOf = () => {
    const fill = make('i')
    const title = make('b')
    const facts = make('span')
    const button = make('button', { type: 'button', className: 'target' }, [fill, make('span', {}, [title, facts])])
    return { button, fill, title, facts, scope: 'all' }
  }
  const here = targetOf()
  const all = targetOf()
  const tray = make('section', { className: 'tray', hidden: true }, [where, here.button, all.button, beyond, notice])
  tray.setAttribute('role', 'group')
  tray.setAttribute('aria-label', 'Emergency stop: hold what is to stop')

  const headline = make('strong')
  const summary = make('span')
  const resend = make('button', { type: 'button', textContent: 'Send again' })
  const dismiss = make('button', { type: 'button', textContent: 'Close' })
  const rows = make('tbody')
  const table = make('table', {}, [
    make('thead', {}, [
      make(
        'tr',
        {},
        ['Layer', 'Sent', 'Accepted', 'Applied', 'Verified', 'Way'].map((text) => {
          const cell = make('th', { textContent: text })
          cell.scope = 'col'
          return cell
        }),
      ),
    ]),
    rows,
  ])
  // Wider than a phone: it scrolls by itself, and the buttons above it stay where they are.
  const tableBox = make('div', { className: 'rows', tabIndex: 0 }, [table])
  tableBox.setAttribute('role', 'region')
  tableBox.setAttribute('aria-label', 'Layers of the stop')
  const cut = make('p')
  const others = make('div', { role: 'status' })
  const cli = make('code')
  const cliLine = make('div', { className: 'line' }, ['From a terminal: ', cli])
  const warnings = make('div')
  const reason = make('input', { type: 'text', maxLength: 500, placeholder: 'Why? Can be said later' })
  reason.setAttribute('aria-label', 'Reason of the stop')
  const saveReason = make('button', { type: 'submit', textContent: 'Keep reason' })
  const reasonSaid = make('span')
  const reasonForm = make('form', { className: 'line' }, [reason, saveReason, reasonSaid])
  const resumeLink = make('a', { href: '/commands#resume', textContent: 'How to resume' })
  const bar = make('section', { className: 'bar', hidden: true }, [
    make('div', { className: 'line' }, [
      headline,
      summary,
      make('span', { className: 'grow' }),
      resend,
      resumeLink,
      dismiss,
    ]),
    tableBox,
    cut,
    others,
    warnings,
    cliLine,
    reasonForm,
  ])
  bar.setAttribute('aria-label', 'What became of the stop')
  headline.setAttribute('role', 'alert')
  root.append(openButton, tray, bar)

  // --- keep it in the document, whatever happens to the rest
  const stay = () => {
    if (!host.isConnected) (document.body ?? document.documentElement).append(host)
    if (!document.documentElement.hasAttribute('data-stop-ready'))
      document.documentElement.setAttribute('data-stop-ready', '')
  }
  new MutationObserver(stay).observe(document, { childList: true, subtree: true })
  stay()

  // --- words on the targets
  const layerHere = () => {
    const ofPath = /^\/layers\/([^/]+)/.exec(location.pathname)?.[1]
    const named = ofPath ?? new URLSearchParams(location.search).get('layer')
    if (!named) return null
    try {
      return decodeURIComponent(named)
    } catch {
      return null
    }
  }
  const count = (n, one) => `${n} ${one}${n === 1 ? '' : 's'}`
  const write = () => {
    const known = layers ?? []
    const name = layerHere()
    const mine = known.find((layer) => layer.layer_id === name)
    // Layers that fell silent are not counted; a stop of all is meant for them too.
    const readiness =
      ready === null
        ? 'readiness unknown'
        : `ready ${ready.ready} of ${ready.of}${ready.worst_ms == null ? '' : `, ${Math.round(ready.worst_ms)} ms`}`
    const seeds = known.reduce((sum, layer) => sum + layer.total_seeds, 0)
    here.button.hidden = name === null
    here.scope = name === null ? 'all' : [name]
    setText(here.title, `STOP ${name ?? ''}`)
    setText(
      here.facts,
      mine ? `${count(mine.total_seeds, 'seed')}, ${mine.freshness}` : 'not known here; it is sent all the same',
    )
    setText(all.title, known.length === 0 ? 'STOP ALL' : `STOP ALL ${known.length}`)
    setText(
      all.facts,
      layers === null
        ? 'number of layers unknown, all are meant'
        : known.length === 0
          ? 'no layer reports now; it is sent all the same'
          : `${count(known.length, 'layer')} that report, ${count(seeds, 'seed')}, ${readiness}`,
    )
    setText(beyond, ready?.elsewhere?.text ?? '')
    const replay = document.querySelector('.is-paused, .is-replay') !== null
    setText(
      where,
      replay
        ? 'Acts on LIVE, not on the moment shown. Hold for 0.7 s:'
        : 'Hold for 0.7 s. Nothing is erased; training halts.',
    )
  }
  const ask = async (url) => {
    try {
      // A server that takes the question and then hangs must not hold the alarm back.
      const response = await fetch(url, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(1_500) })
      return response.ok ? await response.json() : null
    } catch {
      return null
    }
  }
  const learn = async () => {
    if (document.hidden) return
    const [list, ops] = await Promise.all([ask('/api/layers'), ask('/api/ops')])
    if (list)
      layers = list.layers.filter(
        (layer) => layer.origin !== 'load-generator' && layer.freshness !== 'silent' && layer.freshness !== 'never',
      )
    ready = ops ? ops.stop_ready : null
    write()
  }

  // --- first action: open
  let closeTimer = 0
  let openedBy = null
  const isOpen = () => !tray.hidden
  /** A modal dialog makes all else inert: it goes first, the stop does not wait for it. */
  const closeDialogs = () => {
    for (const dialog of document.querySelectorAll('dialog:modal')) dialog.close()
  }
  const open = () => {
    openedBy = document.activeElement
    closeDialogs()
    write()
    setText(notice, '')
    tray.hidden = false
    openButton.setAttribute('aria-expanded', 'true')
    ;(here.button.hidden ? all : here).button.focus()
    void learn()
    keepOpen()
  }
  const keepOpen = () => {
    clearTimeout(closeTimer)
    closeTimer = setTimeout(() => (held ? keepOpen() : close()), OPEN_MS)
  }
  const close = () => {
    if (!isOpen()) return
    release('')
    clearTimeout(closeTimer)
    const inside = root.activeElement !== null
    tray.hidden = true
    openButton.setAttribute('aria-expanded', 'false')
    if (inside)
      (openedBy instanceof HTMLElement && openedBy !== document.body && openedBy.isConnected && openedBy !== host
        ? openedBy
        : openButton
      ).focus()
  }
  const toggle = () => (isOpen() ? close() : open())
  openButton.addEventListener('click', (event) => {
    if (event.isTrusted) toggle()
  })
  // Behind a modal dialog the button gets no click, the dialog's backdrop does.
  addEventListener(
    'click',
    (event) => {
      if (!event.isTrusted || event.detail === 0 || !(event.target instanceof HTMLDialogElement)) return
      const box = openButton.getBoundingClientRect()
      if (event.clientX > box.right || event.clientY < box.top) return
      event.stopPropagation()
      open()
    },
    true,
  )

  // --- second action: hold
  let held = null
  const press = (target, by) => {
    if (held) return release('Two presses at once do not count. Not sent.')
    const atMs = performance.now()
    target.button.classList.add('holding')
    const fill = target.fill.animate([{ transform: 'scaleX(0)' }, { transform: 'scaleX(1)' }], {
      duration: HOLD_MS,
      fill: 'forwards',
    })
    held = { target, by, atMs, fill, dueMs: atMs + HOLD_MS, caughtUp: false, timer: setTimeout(complete, HOLD_MS) }
    setText(notice, 'Keep holding')
  }
  const release = (said) => {
    if (!held) return
    clearTimeout(held.timer)
    held.fill.cancel()
    held.target.button.classList.remove('holding')
    held = null
    if (said) setText(notice, said)
    keepOpen()
  }
  const complete = () => {
    if (!held) return
    const lateMs = performance.now() - held.dueMs
    const stoodStill = lateMs > LATE_MS && !held.caughtUp
    if (lateMs < 0 || stoodStill) {
      // A page that stood still may have a release waiting that it has not seen: it gets its turn before this counts, once: a page that
      // is always late stops all the same.
      const waitMs = lateMs < 0 ? -lateMs : CATCH_UP_MS
      held.caughtUp ||= stoodStill
      held.dueMs = performance.now() + waitMs
      held.timer = setTimeout(complete, waitMs)
      return
    }
    const { scope } = held.target
    release('')
    close()
    send(scope)
  }
  const NOT_SENT = 'Not sent: it was held for less than 0.7 s.'
  for (const target of [here, all]) {
    const { button } = target
    button.addEventListener('pointerdown', (event) => {
      if (!event.isTrusted) return
      if (!event.isPrimary || event.button !== 0) return
      button.focus()
      press(target, 'pointer')
    })
    // A finger is captured by what it touched first, so it never leaves: where it is says whether it slid off.
    button.addEventListener('pointermove', (event) => {
      const { left, right, top, bottom } = button.getBoundingClientRect()
      const isOn = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom
      if (held?.by === 'pointer' && !isOn) release(NOT_SENT)
    })
    for (const kind of ['pointerup', 'pointercancel', 'pointerleave'])
      button.addEventListener(kind, () => held?.by === 'pointer' && release(NOT_SENT))
    button.addEventListener('contextmenu', (event) => event.preventDefault())
    button.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      if (!event.isTrusted || event.repeat || event.altKey || event.ctrlKey || event.metaKey) return
      press(target, event.key)
    })
    button.addEventListener('keyup', (event) => held?.by === event.key && release(NOT_SENT))
    button.addEventListener('blur', () => release('Not sent: the focus went elsewhere.'))
  }
  addEventListener('blur', () => release('Not sent: the window lost the focus.'))
  document.addEventListener('visibilitychange', () => document.hidden && release('Not sent: the page was hidden.'))
  addEventListener(
    'keydown',
    (event) => {
      if (!event.isTrusted) return
      if (event.altKey && event.shiftKey && event.code === 'KeyX') {
        event.preventDefault()
        event.stopPropagation()
        if (!event.repeat && !isOpen()) open()
      } else if (event.key === 'Escape' && isOpen()) {
        event.stopPropagation()
        if (held) release('Not sent: cancelled.')
        else close()
      }
    },
    true,
  )
  addEventListener(
    'pointerdown',
    (event) => {
      // A second finger, wherever it lands, is no continuous press of one.
      if (!event.isPrimary) release('Two presses at once do not count. Not sent.')
      else if (isOpen() && !event.composedPath().includes(host)) close()
    },
    true,
  )

  // --- sending, and what became of it
  let current = null
  // Stops of this page that no server has yet: each is tried until it is taken or given up, whatever is shown meanwhile.
  const unsent = new Set()
  // Stops that another one followed in the bar.
  let earlier = []
  // Over plain http on another name there is no randomUUID: any 32 hex digits are a key.
  const newKey = () =>
    crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const send = (scope) => {
    const stop = {
      key: newKey(),
      scope,
      at: new Date(),
      id: null,
      matrix: null,
      alarmed: false,
      timer: 0,
      posting: false,
    }
    if (current) earlier = [...earlier, current].slice(-8)
    unsent.add(stop)
    current = stop
    bar.hidden = false
    bar.className = 'bar'
    reason.value = ''
    setText(reasonSaid, '')
    resend.hidden = true
    reasonForm.hidden = true
    showSending(stop)
    showOthers()
    // A page that is well also sends it over its socket: whichever comes first counts, the key makes them one.
    dispatchEvent(new CustomEvent('morphoscope:stop', { detail: { scope, key: stop.key } }))
    void post(stop)
  }
  const scopeText = (scope) => (scope === 'all' ? 'ALL' : scope.join(', '))
  const showSending = (stop) => {
    setText(headline, `STOP ${scopeText(stop.scope)}: sending since ${utc(stop.at.toISOString())} UTC`)
    setText(summary, '')
    rows.replaceChildren()
    table.hidden = true
    warnings.replaceChildren()
    setText(cut, '')
    const words = stop.scope === 'all' ? '' : stop.scope.map((layer) => ` --layer ${layer}`).join('')
    setText(cli, `npx morphoscope stop${words}`)
  }
  const notSent = (stop, why) => {
    setText(headline, `NOT SENT: ${why}`)
    setText(summary, 'Trying again twice a second. Use the terminal line if this stays.')
    resend.hidden = false
  }
  const showOthers = () => {
    const lines = earlier.map((stop) => {
      const what = `STOP ${scopeText(stop.scope)} of ${utc(stop.at.toISOString())} UTC`
      return stop.id === null ? `${what}: NOT SENT yet, it is tried again twice a second.` : `${what}: sent.`
    })
    const text = lines.join('\n')
    if (others.dataset.text === text) return
    others.dataset.text = text
    others.replaceChildren(...lines.map((line) => make('div', { textContent: line })))
  }
  const post = async (stop) => {
    if (!unsent.has(stop) || stop.posting) return
    clearTimeout(stop.timer)
    stop.posting = true
    await attempt(stop)
    stop.posting = false
    if (unsent.has(stop)) stop.timer = setTimeout(() => void post(stop), RETRY_MS)
  }
  const attempt = async (stop) => {
    try {
      const response = await fetch(PATH, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ scope: stop.scope, key: stop.key }),
        signal: AbortSignal.timeout(3_000),
      })
      const answer = await response.json().catch(() => ({}))
      if (response.ok) {
        unsent.delete(stop)
        stop.id = answer.id
        showOthers()
        if (stop !== current) return
        for (const text of answer.warnings ?? []) warnings.append(make('div', { textContent: text }))
        setText(headline, `STOP ${scopeText(stop.scope)} sent`)
        resend.hidden = true
        return void poll(stop, Date.now())
      }
      if (stop !== current) return
      notSent(stop, answer.detail ?? `the server answered ${response.status}`)
      if (response.status === 401 || response.status === 403)
        setText(summary, 'Sign in as an operator, or use the terminal line.')
    } catch {
      if (stop === current) notSent(stop, 'the server can not be reached from here.')
    }
  }
  const poll = async (stop, sinceMs) => {
    if (stop !== current || stop.id === null) return
    const matrix = await ask(`${PATH}/${stop.id}`)
    if (stop !== current) return
    if (matrix) show(stop, matrix)
    const late = Date.now() - sinceMs
    if (!stop.alarmed && late > ALARM_MS && (stop.matrix === null || stop.matrix.missing > 0)) {
      stop.alarmed = true
      beep()
    }
    if (matrix === null) setText(summary, 'Sent. What the layers answered can not be read now.')
    // With no layer yet there is nobody who confirmed: one may still appear, and is told.
    const told = stop.matrix?.layers ?? []
    if (told.length > 0 && told.every((layer) => layer.state === 'verified')) return
    setTimeout(() => void poll(stop, sinceMs), late > 5_000 ? POLL_LATE_MS : POLL_MS)
  }
  const show = (stop, matrix) => {
    stop.matrix = matrix
    table.hidden = matrix.layers.length === 0
    reasonForm.hidden = false
    const total = matrix.layers.length
    // The server's time of the first layer, as the rows below have theirs: that of this page's answer came later.
    const first = matrix.layers
      .map((layer) => layer.sent_at)
      .filter(Boolean)
      .sort()[0]
    setText(headline, `STOP ${scopeText(stop.scope)} sent${first ? ` ${utc(first)} UTC` : ''}`)
    setText(
      summary,
      total === 0
        ? 'No layer is connected: none could confirm.'
        : matrix.missing > 0
          ? `${matrix.applied} of ${total} layers halted; ${matrix.missing} ${matrix.missing === 1 ? 'has' : 'have'} not confirmed and ${matrix.missing === 1 ? 'is' : 'are'} told again until they do`
          : `all ${total} layers halted${matrix.worst_ms === null ? '' : `, the slowest after ${Math.round(matrix.worst_ms)} ms`}`,
    )
    bar.classList.toggle('done', total > 0 && matrix.missing === 0)
    resend.hidden = matrix.missing === 0
    cliLine.hidden = matrix.missing === 0 && total > 0
    setText(cli, matrix.cli)
    showCut(matrix.layers)
    rows.replaceChildren(
      ...matrix.layers.slice(0, SHOWN_ROWS).map((layer) => {
        const name = make('th', { textContent: layer.layer_id })
        name.scope = 'row'
        const cell = (iso, missing) => make('td', { textContent: iso ? utc(iso) : missing })
        const waiting = layer.state === 'unreachable' ? 'unreachable' : 'waiting'
        const row = make('tr', { title: layer.text }, [
          name,
          cell(layer.sent_at, 'not yet'),
          cell(layer.accepted_at, waiting),
          make('td', {
            textContent: layer.applied_at
              ? `${utc(layer.applied_at)}${layer.ms === null ? '' : ` (${Math.round(layer.ms)} ms)`}`
              : waiting,
          }),
          cell(layer.verified_at, layer.applied_at ? 'watching' : waiting),
          make('td', { textContent: layer.path ?? '' }),
        ])
        if (!layer.applied_at) row.className = 'late'
        return row
      }),
    )
  }
  /** Layers that have not confirmed come first in the matrix: what is cut off says how many of them it holds. */
  const showCut = (layers) => {
    const hidden = layers.slice(SHOWN_ROWS)
    const open = hidden.filter((layer) => !layer.applied_at).length
    setText(
      cut,
      hidden.length === 0
        ? ''
        : `${count(hidden.length, 'layer')} more ${hidden.length === 1 ? 'is' : 'are'} not listed: ${open === 0 ? 'all of them halted' : `${open} of them not confirmed`}.`,
    )
  }
  const beep = () => {
    try {
      const audio = new AudioContext()
      const tone = audio.createOscillator()
      tone.frequency.value = 660
      tone.connect(audio.destination)
      tone.start()
      tone.stop(audio.currentTime + 0.25)
      tone.onended = () => void audio.close()
    } catch {
      // A browser without sound still shows it.
    }
  }
  // What is not sent yet is one stop, however often it is asked for; what was sent may be sent once more.
  resend.addEventListener('click', () => current && (unsent.has(current) ? void post(current) : send(current.scope)))
  dismiss.addEventListener('click', () => {
    // What was not sent goes on being tried while it is shown; closing gives it up, in so many words.
    if (unsent.size > 0 && !confirmGiveUp()) return
    for (const stop of unsent) clearTimeout(stop.timer)
    unsent.clear()
    earlier = []
    current = null
    showOthers()
    bar.hidden = true
    openButton.focus()
  })
  let asked = false
  const confirmGiveUp = () => {
    if (asked) return true
    asked = true
    setText(
      summary,
      `Close once more to give up: ${unsent.size === 1 ? 'a stop was' : `${unsent.size} stops were`} NOT sent.`,
    )
    setTimeout(() => (asked = false), 3_000)
    return false
  }
  reasonForm.addEventListener('submit', async (event) => {
    event.preventDefault()
    const text = reason.value.trim()
    if (!current?.id || text === '') return setText(reasonSaid, 'A reason has at least one character.')
    try {
      const response = await fetch(`${PATH}/${current.id}/reason`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reason: text }),
      })
      setText(reasonSaid, response.ok ? 'Kept.' : 'Could not be kept; try again.')
    } catch {
      setText(reasonSaid, 'Could not be kept; the server can not be reached.')
    }
  })

  void learn()
  setInterval(() => void learn(), WORDS_EVERY_MS)
})()
