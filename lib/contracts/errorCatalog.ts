/*
 * The closed list of error codes: family, HTTP status, whether a retry can help, what an operator reads.
 * In: nothing. Out: ERROR_CATALOG, ErrorCode.
 * Invariant: every code is thrown somewhere and tested; an operator sentence says what to do now.
 * Source: docs/protocol.md "errors".
 */
export interface ErrorEntry {
  readonly status: number
  readonly retryable: boolean
  readonly severity: 'info' | 'warning' | 'error'
  readonly title: string
  readonly operator: string
}

const entry = (
  status: number,
  retryable: boolean,
  severity: ErrorEntry['severity'],
  title: string,
  operator: string,
): ErrorEntry => Object.freeze({ status, retryable, severity, title, operator })

export const ERROR_CATALOG = Object.freeze({
  CONFIG_INVALID: entry(500, false, 'error', 'Configuration is invalid', 'Correct the listed keys and start again.'),
  CONTRACT_INVALID: entry(
    422,
    false,
    'warning',
    'A value is not acceptable',
    'Correct the named field and send it again.',
  ),
  CONTRACT_TYPE: entry(
    422,
    false,
    'warning',
    'Unknown message type',
    'The entry is kept raw and counted; upgrade the reader or correct the type.',
  ),
  CONTRACT_VERSION: entry(
    422,
    false,
    'warning',
    'Unknown major version',
    'Upgrade the reader, or publish a version it knows.',
  ),
  CONTRACT_TOPIC: entry(
    422,
    false,
    'warning',
    'Topic is not in the catalogue',
    'Use a topic of the catalogue in docs/protocol.md.',
  ),
  CONTRACT_TOO_LARGE: entry(
    413,
    false,
    'warning',
    'Entry is too large',
    'Split it, or send the payload by claim check.',
  ),
  CONTRACT_INFLATE: entry(
    422,
    false,
    'warning',
    'Compressed entry breaks a bound',
    'Inflated size or ratio is over the limit; send it plain or split it.',
  ),
  CONTRACT_DEPTH: entry(422, false, 'warning', 'Nesting is too deep', 'Flatten the payload; 32 levels are accepted.'),
  CONTRACT_HOSTILE_KEY: entry(
    422,
    false,
    'warning',
    'Reserved property name',
    'Rename the key; __proto__, constructor and prototype are refused.',
  ),
  CONTRACT_ENCODING: entry(
    422,
    false,
    'warning',
    'Encoding is unknown or does not match the bytes',
    'Set enc to a documented value that matches data.',
  ),
  CONTRACT_JSON: entry(422, false, 'warning', 'Payload is not JSON', 'Send valid JSON in UTF-8.'),
  CONTRACT_FRAME: entry(
    422,
    false,
    'warning',
    'Columnar frame is malformed',
    'Check magic, version, lengths and checksum against docs/protocol.md.',
  ),
  CONTRACT_SCHEMA_UNKNOWN: entry(
    422,
    true,
    'warning',
    'No run descriptor for this frame',
    'Publish the RunDescriptor of this source and epoch on kasmina.run.',
  ),
  BUS_UNAVAILABLE: entry(
    503,
    true,
    'error',
    'The bus can not be reached',
    'Check that Redis runs and that REDIS_URL is right; the connection is retried by itself.',
  ),
  BUS_TIMEOUT: entry(
    504,
    true,
    'warning',
    'The bus did not answer in time',
    'The outcome is unknown; it is settled when the bus answers again.',
  ),
  BUS_TOO_LARGE: entry(413, false, 'warning', 'Entry is larger than the bus accepts', 'Split it; 1 MB is the bound.'),
  BUS_STOPPED: entry(503, false, 'info', 'The bus client is stopped', 'Start it, or use the running one.'),
  BUS_ABORTED: entry(499, false, 'info', 'The caller gave up', 'Nothing to do; call again if it is still wanted.'),
  BUS_CONSUMER: entry(
    500,
    true,
    'warning',
    'A consumer failed on an entry',
    'The entry is redelivered, then dead-lettered; read the cause.',
  ),
  BUS_REFUSED: entry(
    403,
    false,
    'error',
    'Redis refused the command',
    'Check the user, its ACL and the server configuration named in the text.',
  ),
  COMMAND_UNKNOWN: entry(422, false, 'warning', 'Unknown command type', 'Send one of the documented command types.'),
  COMMAND_PRECONDITION: entry(
    409,
    false,
    'warning',
    'The seed is not in the expected state',
    'Look at the current state and decide again.',
  ),
  COMMAND_ILLEGAL_EDGE: entry(
    409,
    false,
    'warning',
    'This transition does not exist',
    'Choose one of the legal target states.',
  ),
  COMMAND_GUARD: entry(
    409,
    false,
    'warning',
    'A guard refused the transition',
    'Wait until the named reading passes its threshold.',
  ),
  COMMAND_EXPIRED: entry(409, false, 'warning', 'The command is too old', 'Issue it again if it is still wanted.'),
  COMMAND_DUPLICATE: entry(409, false, 'info', 'The command was already handled', 'The first outcome stands.'),
  COMMAND_SIGNATURE: entry(
    403,
    false,
    'error',
    'The command is not signed by a trusted key',
    'Send it through the gateway; if you did, somebody altered or forged it: look at who may write to the bus.',
  ),
  COMMAND_SCOPE: entry(
    403,
    false,
    'error',
    'This key may not sign such a command',
    'Send it through the gateway; the key of the controller signs single decisions about seeds only.',
  ),
  COMMAND_STALE: entry(
    409,
    false,
    'warning',
    'The command was overtaken',
    'A newer command or a newer gateway was heard first; look at the current state and issue it again.',
  ),
  COMMAND_STOPPED: entry(
    409,
    false,
    'warning',
    'The layer is stopped',
    'Resume the layer first, then issue the command again.',
  ),
  COMMAND_LEASE: entry(
    409,
    true,
    'warning',
    'The layer hears no gateway',
    'Structure stands still until the gateway is heard again; check that it runs.',
  ),
  COMMAND_PARTIAL: entry(
    409,
    false,
    'warning',
    'Part of the batch was applied',
    'Read the result of each command; what was applied stays applied.',
  ),
  COMMAND_UNSUPPORTED: entry(
    422,
    false,
    'warning',
    'Not built',
    'Choose one of the supported values named in the text.',
  ),
  GATEWAY_UNAVAILABLE: entry(
    503,
    true,
    'error',
    'The gateway can not be reached',
    'Nothing was sent by this call. Check that the gateway process runs; a stop can still be sent with `npx morphoscope stop`.',
  ),
  GATEWAY_TIMEOUT: entry(
    504,
    true,
    'error',
    'The gateway did not answer in time',
    'Whether it took the call is unknown; the same id may be sent again without harm.',
  ),
  GUARD_ORIGIN: entry(
    403,
    false,
    'warning',
    'Origin is not allowed',
    'Open the page from the address the server prints, or add the origin to PUBLIC_URL.',
  ),
  GUARD_HOST: entry(421, false, 'warning', 'Host is not allowed', 'Use the address the server prints.'),
  GUARD_TOKEN: entry(
    401,
    false,
    'warning',
    'The token is missing or wrong',
    'Send the bearer token of DATA_DIR/gateway.json; it changes with every start of the gateway.',
  ),
  GUARD_DEMO_ONLY: entry(
    403,
    false,
    'warning',
    'Only in demo mode',
    'Run npm run loadgen on a machine that may reach the bus, or start a demo on this machine.',
  ),
  GUARD_METHOD: entry(405, false, 'info', 'Method is not allowed', 'Use one of the methods in the Allow header.'),
  GUARD_SIGN_IN: entry(
    401,
    false,
    'info',
    'You are not signed in',
    'Sign in on the page /login, or send a service token as Authorization: Bearer.',
  ),
  GUARD_FORBIDDEN: entry(
    403,
    false,
    'warning',
    'You may not do this',
    'Ask an administrator for the role that carries the named permission.',
  ),
  GUARD_RATE: entry(429, true, 'info', 'Too many requests', 'Wait a moment and try again.'),
  STATE_NOT_FOUND: entry(404, false, 'info', 'Not found', 'Check the id; the lists show what exists.'),
  STATE_CONFLICT: entry(
    409,
    false,
    'info',
    'Somebody was faster',
    'Look at what was written meanwhile, then decide again.',
  ),
  STATE_STORAGE: entry(
    503,
    true,
    'error',
    'Could not be written to disk',
    'Nothing was changed. Check that DATA_DIR is writable and has room.',
  ),
  STATE_PROTOCOL: entry(409, false, 'warning', 'This page is older than the server', 'Reload the page.'),
  INTERNAL: entry(500, false, 'error', 'Unexpected failure', 'This is a bug. Quote the id; the log has the details.'),
} as const satisfies Record<string, ErrorEntry>)

export type ErrorCode = keyof typeof ERROR_CATALOG
