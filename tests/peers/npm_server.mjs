// Serves the status with minecraft-protocol on an ephemeral port of 127.0.0.1 until stdin closes.
//
// Usage: npm_server.mjs [--motd TEXT] [--max-players N] [--version NAME]
//
// Prints {"port":N} as one JSON line once it listens. Nobody can log in: it answers the status, the ping and the
// legacy ping only.

import { parseArgs } from 'node:util'
import { fail, integer, protocol } from './npm_peer.mjs'

const MOST_PLAYERS = 2 ** 31 - 1

function settings () {
  const { values } = parseArgs({
    options: {
      motd: { type: 'string' },
      'max-players': { type: 'string' },
      version: { type: 'string' }
    }
  })
  const { motd = 'A peer of another kind', version = protocol.defaultVersion } = values
  const maxPlayers = integer(values['max-players'] ?? '20', 0, MOST_PLAYERS)
  if (maxPlayers === undefined) throw new Error(`--max-players must be 0 to ${MOST_PLAYERS}`)
  if (!protocol.supportedVersions.includes(version)) throw new Error(`unknown version ${version}`)
  return { motd, maxPlayers, version }
}

let options
try {
  options = settings()
} catch (error) {
  fail(`${error.message}; usage: npm_server.mjs [--motd TEXT] [--max-players N] [--version NAME]`, 2)
}

if (options !== undefined) {
  const server = protocol.createServer({ ...options, host: '127.0.0.1', port: 0, 'online-mode': false })
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
