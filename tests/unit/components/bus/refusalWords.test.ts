import { expect, test } from 'vitest'
import { refusalWords } from '../../../../components/bus/refusalWords.ts'

test('a reason is said in the words of the catalogue; an unknown one is not made up', () => {
  expect(refusalWords('CONTRACT_JSON')).toBe('Payload is not JSON. Send valid JSON in UTF-8.')
  expect(refusalWords('SOMETHING_ELSE')).toBe('')
})
