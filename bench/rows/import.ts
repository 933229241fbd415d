import { interleaved, numberFrom } from "../fresh.ts"
import { atMost, exactly, type Row } from "../row.ts"

const POWERTOOLS = "@aws-lambda-powertools/parameters/secrets"
const ROUNDS = 25

/** How long a fresh process waits for `import "latchkey"`, and what it gets besides. */
export const row: Row = {
  id: "import",
  async measure() {
    const times = await interleaved(ROUNDS, {
      ours: () => timeOf("latchkey"),
      dotenv: () => timeOf("dotenv"),
      powertools: () => timeOf(POWERTOOLS),
    })
    const result = { what: "import", ours: times.ours, unit: "ms" }
    return [
      atMost(3, { ...result, peer: times.dotenv, peerName: "dotenv" }),
      atMost(0.25, { ...result, peer: times.powertools, peerName: "Powertools" }),
      exactly(0, {
        what: "modules of other packages",
        ours: await foreignModules("latchkey"),
        peer: await foreignModules(POWERTOOLS),
        peerName: "Powertools",
        unit: "modules",
      }),
    ]
  },
}

async function timeOf(specifier: string): Promise<number> {
  return await numberFrom(["probes/import-time.mjs", specifier])
}

async function foreignModules(specifier: string): Promise<number> {
  return await numberFrom(["probes/foreign-modules.mjs", specifier])
}
