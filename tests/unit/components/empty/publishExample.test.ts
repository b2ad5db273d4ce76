import { expect, test } from 'vitest'
import { EXAMPLE_MESSAGE, EXAMPLE_TOPIC, publishExample } from '../../../../components/empty/publishExample.ts'
import { LayerHealthReport } from '../../../../lib/contracts/telemetry.ts'

test('the message that the empty page tells people to publish is valid, and fits its topic', () => {
  const report = LayerHealthReport.parse(JSON.parse(EXAMPLE_MESSAGE))
  expect(EXAMPLE_TOPIC).toBe(`kasmina.telemetry.layer.${report.layer_id}.health`)
  expect(publishExample('127.0.0.1:6379')).toContain(`'${EXAMPLE_MESSAGE}'`)
  expect(EXAMPLE_MESSAGE).not.toContain("'")
})

test('the commands name the very bus the server listens to', () => {
  expect(publishExample('10.0.0.5:6380')).toMatch(/^redis-cli -u redis:\/\/10\.0\.0\.5:6380 XADD /)
  expect(publishExample('local Redis socket')).toMatch(/^redis-cli -s data\/redis\/redis\.sock XADD /)
})
