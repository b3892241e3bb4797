// Serves a status document with minecraft-protocol on an ephemeral port of 127.0.0.1 until stdin closes.
//
// Usage: server.mjs FILE, which holds the document
//
// Prints {"port":N} as one JSON line once it listens. The document is made into text for each request, as the package
// does with its own.

import { readFileSync } from 'node:fs'
import { fail, protocol } from '../../peers/npm_peer.mjs'

const file = process.argv[2]
if (file === undefined) {
  fail('usage: server.mjs FILE', 2)
} else {
  const document = JSON.parse(readFileSync(file, 'utf8'))
  // The package throws out who has not logged in after half a minute; idle connections are measured longer than that.
  const server = protocol.createServer({
    host: '127.0.0.1',
    port: 0,
    'online-mode': false,
    kickTimeout: 3_600_000,
    maxPlayers: document.players.max,
    beforePing: () => document
  })
  server.on('error', (error) => fail(`server: ${error.message}`))
  // A peer that breaks its own connection must not end the server.
  server.on('connection', (client) => client.on('error', (error) => process.stderr.write(`client: ${error.message}\n`)))
  server.on('listening', () => {
    process.stdout.write(`${JSON.stringify({ port: server.socketServer.address().port })}\n`)
  })
  process.stdin.on('end', () => process.exit(0))
  process.stdin.on('error', () => process.exit(0))
  process.stdin.resume()
}
