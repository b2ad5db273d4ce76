/*
 * Writes .env.example from the keys of server/config.ts. A test compares the two, so run this after a change there.
 */
import { writeFileSync } from 'node:fs'
import { envExample } from '../server/config.ts'

writeFileSync(new URL('../.env.example', import.meta.url), envExample())
