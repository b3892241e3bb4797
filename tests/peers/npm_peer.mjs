// Finds the package minecraft-protocol where `cargo xtask setup` put it, for the scripts beside this file.
// It is no command of its own.

import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// ES modules do not look at NODE_PATH, hence a `require` that starts in the folder with node_modules.
const folder = process.env.SLP_PEERS_NODE
  ? pathToFileURL(`${process.env.SLP_PEERS_NODE}/`)
  : new URL('../../target/peers/node/', import.meta.url)

/** The package minecraft-protocol. */
export const protocol = createRequire(folder)('minecraft-protocol')

/** Ends with one line on stderr: 2 for wrong usage, 1 for everything else. */
export function fail (message, status = 1) {
  process.stderr.write(`${message}\n`, () => process.exit(status))
}

/** `text` as an integer from `least` to `most`, or undefined. */
export function integer (text, least, most) {
  if (!/^\d{1,10}$/.test(text ?? '')) return undefined
  const value = Number(text)
  return value >= least && value <= most ? value : undefined
}
