import { expect, test } from 'vitest'
import { EXAMPLE_MESSAGE, EXAMPLE_TOPIC, PUBLISH_EXAMPLE } from '../../../../components/empty/publishExample.ts'
import { LayerHealthReport } from '../../../../lib/contracts/telemetry.ts'

test('the message that the empty page tells people to publish is valid, and fits its topic', () => {
  const report = LayerHealthReport.parse(JSON.parse(EXAMPLE_MESSAGE))
  expect(EXAMPLE_TOPIC).toBe(`kasmina.telemetry.layer.${report.layer_id}.health`)
  expect(PUBLISH_EXAMPLE).toContain(`'${EXAMPLE_MESSAGE}'`)
  expect(EXAMPLE_MESSAGE).not.toContain("'")
})
