import { expect, test } from '@playwright/test'

test('the product that npm start runs is ready, on a real Redis, with every seed of its trainer', async ({
  request,
}) => {
  const ready = await request.get('/api/health/ready')
  expect(ready.status()).toBe(200)
  expect(await ready.json()).toMatchObject({ ready: true, bus: 'redis' })
  await expect
    .poll(async () => ((await (await request.get('/api/overview')).json()) as { seeds: number }).seeds)
    .toBe(12)
  const { layers } = (await (await request.get('/api/layers')).json()) as { layers: { layer_id: string }[] }
  expect(layers.map((layer) => layer.layer_id)).toEqual(['layer_0', 'layer_1', 'layer_2'])
  expect((await request.get('/api/layers/nowhere')).status()).toBe(404)
})

test('the page opens without an error, its scripts are bound to a nonce, and nothing comes from elsewhere', async ({
  page,
  baseURL,
}) => {
  const problems: string[] = []
  const elsewhere: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url())
    if (protocol.startsWith('http') && host !== new URL(baseURL!).host) elsewhere.push(request.url())
  })
  const answer = await page.goto('/')
  const policy = answer!.headers()['content-security-policy'] ?? ''
  expect(policy).toMatch(/script-src 'self' 'nonce-[\w+/=]+'(;|$)/)
  expect(policy).toContain("frame-ancestors 'none'")
  await expect(page.getByRole('main')).toBeVisible()
  await expect(page.getByText('3/3 layers fresh')).toBeVisible()
  expect({ problems, elsewhere }).toEqual({ problems: [], elsewhere: [] })
})

test('a foreign origin and a foreign host are refused', async ({ request }) => {
  const origin = await request.get('/socket.io/?EIO=4&transport=polling', {
    headers: { origin: 'http://evil.example' },
  })
  expect(origin.status()).toBe(403)
  const host = await request.get('/api/overview', { headers: { host: 'evil.example' } })
  expect(host.status()).toBe(421)
})
