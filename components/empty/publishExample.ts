/** The message of the example: checked against the contract by its test, so that what the page tells people to paste works. */
export const EXAMPLE_MESSAGE = `{"message_id":"7b0c3c0e-5d0b-4a3c-9a53-0f0a4d1f4a11","timestamp":1760000000,
  "source":"my-trainer","version":"1.0","message_type":"LayerHealthReport",
  "layer_id":"my_layer","total_seeds":2,"active_seeds":1,
  "health_metrics":{"0":{"health_score":0.91},"1":{"health_score":0.87}},
  "performance_summary":{},"telemetry_window":[1759999999,1760000000]}`

export const EXAMPLE_TOPIC = 'kasmina.telemetry.layer.my_layer.health'

/** Says how redis-cli reaches the bus: its address, or the socket of the server's own Redis. */
export function redisCli(address: string): string {
  return /^[\w.[\]:-]+:\d+$/.test(address) ? `redis-cli -u redis://${address}` : 'redis-cli -s data/redis/redis.sock'
}

/** Writes the command: one entry on the layer's stream, which the server finds by itself. */
export function publishExample(address: string): string {
  return `${redisCli(address)} XADD ${EXAMPLE_TOPIC} '*' \\
  type LayerHealthReport enc json data '${EXAMPLE_MESSAGE}'`
}
