/**
 * To be imported before everything else: puts the turn that never looks at the journal again in the place of the real one,
 * for all who take turns.
 */
import { registerHooks } from "node:module"

const REAL = new URL("../../../../src/rotation/protocol/turn.ts", import.meta.url).href
const PLANTED = new URL("planted-turn.ts", import.meta.url).href
const TAKERS = new URL("../../../../src/rotation/hands/", import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const isTaken = resolved.url === REAL && context.parentURL?.startsWith(TAKERS)
    return isTaken ? { ...resolved, url: PLANTED } : resolved
  },
})
