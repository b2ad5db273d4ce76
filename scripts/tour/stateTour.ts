/*
 * stateTour: every page in every state it can be in, each state brought about by its real cause.
 * In: a browser, sizes and themes, a visitor. Out: a visit per page, state, theme and size; how a state came to be is said.
 * Invariant: nothing is staged inside the page: a network is slow, a publisher is frozen or half silent, a server is dead.
 * Source: docs/ux.md "states of a page".
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { startPartialPublisher } from './partialPublisher.ts'
import { startTourProduct, until, type TourProduct } from './tourProduct.ts'

export const TOUR_STATES = ['empty', 'loading', 'live', 'partial', 'late', 'stale', 'silent', 'error'] as const
export type TourState = (typeof TOUR_STATES)[number]

/** How each state came to be: said beside its picture. */
export const STATE_CAUSES: Readonly<Record<TourState, string>> = {
  empty: 'nothing has published yet',
  loading: 'the network holds every answer back',
  live: 'the trainer reports',
  partial: 'a publisher of which two layers fell silent, two seeds never reported',
  late: 'the trainer is frozen, seconds ago',
  stale: 'the trainer is frozen, for longer',
  silent: 'the trainer is frozen, for over a minute',
  error: 'the server was killed while the page was open',
}

export interface TourPage {
  readonly name: string
  /** `{run}` stands for the id of the trainer's run, `{life}` for the page of a life that ended; both are known once it has grown. */
  readonly path: string
  /** Where the same page shows the publisher that is half silent. */
  readonly partialPath: string
}

const PARTIAL_RUN = 'run=tour-partial'
export const TOUR_PAGES: readonly TourPage[] = [
  { name: 'live', path: '/', partialPath: `/?${PARTIAL_RUN}` },
  { name: 'layers', path: '/layers', partialPath: `/layers?${PARTIAL_RUN}` },
  { name: 'layer', path: '/layers/layer_0', partialPath: `/layers/encoder_0?${PARTIAL_RUN}` },
  { name: 'seed', path: '/layers/layer_0/seeds/1', partialPath: `/layers/encoder_1/seeds/1?${PARTIAL_RUN}` },
  {
    name: 'life',
    path: '{life}',
    partialPath: `/layers/encoder_1/seeds/1/lives/1?${PARTIAL_RUN}`,
  },
  { name: 'thread', path: '/threads/run:{run}', partialPath: '/threads/run:tour-partial' },
  { name: 'run', path: '/run', partialPath: `/run?${PARTIAL_RUN}` },
  { name: 'audit', path: '/audit', partialPath: `/audit?${PARTIAL_RUN}` },
  { name: 'bus', path: '/bus', partialPath: `/bus?${PARTIAL_RUN}` },
  { name: 'latency', path: '/latency', partialPath: `/latency?${PARTIAL_RUN}` },
  { name: 'commands', path: '/commands', partialPath: `/commands?${PARTIAL_RUN}` },
  { name: 'alerts', path: '/alerts', partialPath: `/alerts?${PARTIAL_RUN}` },
  { name: 'rules', path: '/rules', partialPath: `/rules?${PARTIAL_RUN}` },
  { name: 'timeline', path: '/timeline', partialPath: `/timeline?${PARTIAL_RUN}` },
  { name: 'login', path: '/login', partialPath: `/login?${PARTIAL_RUN}` },
  { name: 'admin', path: '/admin', partialPath: `/admin?${PARTIAL_RUN}` },
]

export interface TourSize {
  readonly name: 'desktop' | 'phone'
  readonly width: number
  readonly height: number
}
export const TOUR_SIZES: readonly TourSize[] = [
  { name: 'desktop', width: 1440, height: 900 },
  { name: 'phone', width: 390, height: 844 },
]
export type TourTheme = 'dark' | 'light'
export interface TourLook {
  readonly theme: TourTheme
  readonly size: TourSize
}

export interface TourStop extends TourLook {
  readonly state: TourState
  readonly page: TourPage
  readonly tab: Page
  /** Console errors and exceptions of this tab so far. A killed server's refused connections are not among them. */
  readonly problems: readonly string[]
}

export interface TourOptions {
  readonly browser: Browser
  readonly looks: readonly TourLook[]
  readonly states?: readonly TourState[]
  readonly pages?: readonly TourPage[]
  readonly visit: (stop: TourStop) => Promise<void>
  readonly say: (text: string) => void
}

/** Ticks of 0.67 s: late after 2 s, stale after 6.7 s, silent after 60 s. */
const STEPS_PER_S = '30'
const GROWN_MS = 300_000
const SETTLE_MS = 2_500
/** Tabs opened before one freeze: all of them are looked at while they are late. */
const TABS_PER_FREEZE = 3
/** The same for the longer states, and before one end of the server. */
const TABS_PER_LONG_FREEZE = 8

interface OpenTab {
  readonly page: TourPage
  readonly look: TourLook
  readonly tab: Page
  readonly problems: string[]
  readonly context: BrowserContext
}

/** What the browser itself writes when a server is not there is the state, not a fault of the page. */
const OF_THE_NETWORK = /ERR_CONNECTION|ERR_FAILED|ERR_EMPTY_RESPONSE|ERR_ABORTED|WebSocket connection|net::/
/** A layer that nobody reported is answered with 404, which the browser writes down. */
const OF_AN_ANSWER = /Failed to load resource: the server responded with a status of (404|503)/

/** Goes through the states in the order that costs least waiting, and calls `visit` at each stop. */
export async function tourStates(options: TourOptions): Promise<void> {
  const { browser, looks, visit, say } = options
  const states = options.states ?? TOUR_STATES
  const pages = options.pages ?? TOUR_PAGES
  const wanted = (state: TourState): boolean => states.includes(state)
  const all = looks.flatMap((look) => pages.map((page) => ({ look, page })))

  const open = async (look: TourLook, page: TourPage, url: string, held = false): Promise<OpenTab> => {
    const context = await browser.newContext({
      viewport: { width: look.size.width, height: look.size.height },
      colorScheme: look.theme,
      deviceScaleFactor: 1,
      reducedMotion: 'reduce',
    })
    const tab = await context.newPage()
    const problems: string[] = []
    const note = (text: string): void => {
      if (!OF_THE_NETWORK.test(text) && !OF_AN_ANSWER.test(text)) problems.push(text)
    }
    tab.on(
      'console',
      (message) => message.type() === 'error' && note(`${message.text()} ${message.location().url}`.trim()),
    )
    tab.on('pageerror', (error) => note(error.message))
    if (held) {
      await tab.route('**/api/**', () => undefined)
      await tab.route('**/socket.io/**', () => undefined)
      await tab.routeWebSocket(/socket\.io/, () => undefined)
    }
    await tab.goto(url)
    await tab.getByRole('main').waitFor()
    return { page, look, tab, problems, context }
  }
  const show = (state: TourState, { page, look, tab, problems }: OpenTab): Promise<void> =>
    visit({ state, page, ...look, tab, problems })
  /** One tab at a time: what is not frozen goes on while others are looked at. */
  const eachAlone = async (state: TourState, urlOf: (page: TourPage) => string, held = false): Promise<void> => {
    say(`${state}: ${STATE_CAUSES[state]}`)
    for (const look of looks)
      for (const page of pages) {
        const opened = await open(look, page, urlOf(page), held)
        await sleep(SETTLE_MS)
        await show(state, opened)
        await opened.context.close()
      }
  }

  const viewed = await startTourProduct({ TRAINER: 'off' })
  const known = { run: 'none', life: '/layers/layer_0/seeds/1/lives/1' }
  const url = (page: TourPage): string =>
    `${viewed.url}${page.path.replace('{run}', known.run).replace('{life}', known.life)}`
  let training: TourProduct | null = null
  let partial: ReturnType<typeof startPartialPublisher> | null = null
  try {
    if (wanted('empty')) await eachAlone('empty', url)
    training = await startTourProduct({ REDIS_URL: viewed.redisUrl, TRAINER_STEPS_PER_S: STEPS_PER_S })
    const trainer = training
    if (wanted('loading')) await eachAlone('loading', url, true)
    if (wanted('partial')) {
      partial = startPartialPublisher(viewed.redisUrl)
      await until('the half silent publisher', 20_000, () => layerIn(viewed, 'encoder_2', 'fresh'))
    }
    say('waiting until a seed was kept')
    await until('a seed that was kept', GROWN_MS, async () => {
      const { layers } = (await (await fetch(`${viewed.url}/api/layers`)).json()) as LayersAnswer
      return layers.some(({ states: counts }) => (counts['FOSSILIZED'] ?? 0) > 0) || null
    })
    Object.assign(known, await grownIn(viewed))
    partial?.fallSilent()
    if (wanted('live')) await eachAlone('live', url)
    if (wanted('late') || wanted('stale') || wanted('silent')) await freezes(trainer)
    if (wanted('partial')) {
      await until('two silent layers', 90_000, () => layerIn(viewed, 'encoder_2', 'silent'))
      await eachAlone('partial', (page) => `${viewed.url}${page.partialPath}`)
    }
    if (wanted('error')) {
      say(`error: ${STATE_CAUSES.error}`)
      await partial?.stop()
      partial = null
      for (let from = 0; from < all.length; from += TABS_PER_LONG_FREEZE) {
        if (from > 0) await viewed.reviveServer()
        const tabs: OpenTab[] = []
        for (const { look, page } of all.slice(from, from + TABS_PER_LONG_FREEZE))
          tabs.push(await open(look, page, url(page)))
        await sleep(SETTLE_MS)
        viewed.killServer()
        await sleep(SETTLE_MS)
        for (const tab of tabs) {
          await show('error', tab)
          await tab.context.close()
        }
      }
    }
  } finally {
    await partial?.stop()
    training?.thaw()
    await training?.stop()
    await viewed.stop()
  }

  async function freezes(trainer: TourProduct): Promise<void> {
    if (wanted('late')) {
      say(`late: ${STATE_CAUSES.late}`)
      for (let from = 0; from < all.length; from += TABS_PER_FREEZE)
        await frozen(trainer, all.slice(from, from + TABS_PER_FREEZE), ['late'])
    }
    const longer = (['stale', 'silent'] as const).filter(wanted)
    // So many that all of them are looked at before the next state comes: every open page costs, frozen publisher or not.
    if (longer.length > 0)
      for (let from = 0; from < all.length; from += TABS_PER_LONG_FREEZE)
        await frozen(trainer, all.slice(from, from + TABS_PER_LONG_FREEZE), longer)
  }

  /** Opens the tabs on a living publisher, freezes it, and shows them all in each state that follows. */
  async function frozen(
    trainer: TourProduct,
    stops: readonly { readonly look: TourLook; readonly page: TourPage }[],
    following: readonly ('late' | 'stale' | 'silent')[],
  ): Promise<void> {
    await until('a fresh layer', 30_000, () => layerIn(viewed, 'layer_0', 'fresh'))
    const tabs: OpenTab[] = []
    for (const { look, page } of stops) tabs.push(await open(look, page, url(page)))
    await sleep(SETTLE_MS)
    trainer.freeze()
    for (const state of following) {
      if (state !== 'late') say(`${state}: ${STATE_CAUSES[state]}`)
      await until(`a layer that is ${state}`, 90_000, () => layerIn(viewed, 'layer_0', state))
      for (const tab of tabs) await show(state, tab)
    }
    trainer.thaw()
    for (const tab of tabs) await tab.context.close()
  }
}

/** The run that grew, and the page of the life of a seed that was kept. */
async function grownIn(product: TourProduct): Promise<{ readonly run: string; readonly life: string }> {
  const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${product.url}${path}`)).json()) as T
  const { layers } = await ask<LayersAnswer>('/api/layers')
  const grown = layers.find(({ states }) => (states['FOSSILIZED'] ?? 0) > 0)
  if (grown === undefined) throw new Error('no seed was kept')
  const { seeds } = await ask<LayerAnswer>(`/api/layers/${grown.layer_id}?run=${grown.run_id}`)
  const at = seeds.state.indexOf('FOSSILIZED')
  const generation = seeds.metrics['generation']?.[at] ?? 1
  return { run: grown.run_id, life: `/layers/${grown.layer_id}/seeds/${seeds.seed_id[at]}/lives/${generation}` }
}

interface LayerAnswer {
  readonly seeds: {
    readonly seed_id: readonly number[]
    readonly state: readonly string[]
    readonly metrics: Readonly<Record<string, readonly (number | null)[]>>
  }
}

interface LayersAnswer {
  readonly layers: readonly {
    readonly layer_id: string
    readonly run_id: string
    readonly freshness: string
    readonly states: Readonly<Record<string, number>>
  }[]
}

/** The layer, when it is that fresh. */
async function layerIn(product: TourProduct, layerId: string, freshness: string) {
  const { layers } = (await (await fetch(`${product.url}/api/layers`)).json()) as LayersAnswer
  return layers.find((layer) => layer.layer_id === layerId && layer.freshness === freshness) ?? null
}
