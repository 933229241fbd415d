import { interleaved, lifetime } from "../fresh.ts"
import { atMost, type Row } from "../row.ts"

const ROUNDS = 25
const HOW_MANY = 20

/** A whole process that loads its configuration, beside one that parses the same values with zod alone. */
export const row: Row = {
  id: "load-config",
  async measure() {
    const environment = Object.fromEntries(
      Array.from({ length: HOW_MANY }, (_, index) => [
        [`SERVICE__TOKEN_${index}`, `token-${index}`],
        [`SETTING_${index}`, String(index)],
      ]).flat(),
    ) as NodeJS.ProcessEnv
    const times = await interleaved(ROUNDS, {
      ours: () => lifetime(["probes/load-config.mjs", String(HOW_MANY)], environment),
      peer: () => lifetime(["probes/zod-only.mjs", String(HOW_MANY)], environment),
    })
    return [atMost(1.25, { what: "20 secrets, 20 settings", ...times, peerName: "zod alone", unit: "ms" })]
  },
}
