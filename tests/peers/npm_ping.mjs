// Reads a server with minecraft-protocol's ping and prints the answer as one JSON line.
//
// Usage: npm_ping.mjs HOST PORT
//
// The line is the status document with `latency` (whole milliseconds) added; `latency` is missing when the server
// answered the request and not the ping. Exits with 1 and one line on stderr when there was no answer.

import { fail, integer, protocol } from './npm_peer.mjs'

const ANSWER_MS = 10_000

const [host, portText, ...rest] = process.argv.slice(2)
const port = integer(portText, 1, 65535)
if (host === undefined || port === undefined || rest.length > 0) {
  fail('usage: npm_ping.mjs HOST PORT', 2)
} else {
  try {
    const status = await protocol.ping({ host, port, closeTimeout: ANSWER_MS, noPongTimeout: ANSWER_MS })
    process.stdout.write(`${JSON.stringify(status)}\n`, () => process.exit(0))
  } catch (error) {
    fail(`ping of ${host}:${port} failed: ${error.message || error.code || error}`)
  }
}
