import { readFile, writeFile } from "node:fs/promises"
import { setTimeout as pause } from "node:timers/promises"
import { parse } from "dotenv"
import { type LoadOptions, rotateUnderLoad } from "../../examples/tally-mcp-server/demo/load.ts"
import { Pace } from "../../examples/tally-mcp-server/demo/pace.ts"
import { makePlace, newToken } from "../../examples/tally-mcp-server/demo/place.ts"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { exactly, type Row } from "../row.ts"

/** The programs run on what is built, as all rows do. */
const LOAD = {
  conditions: [],
  replicas: 2,
  callsPerSecond: 200,
  rotations: 20,
  overlapMs: 150,
  calmMs: 100,
} satisfies LoadOptions

/**
 * Two replicas work while the token in their `.env` changes twenty times, each old one revoked after an overlap:
 * once as the example server, and once as a program that knows nothing but `reveal()`. The peer reads its `.env` when
 * it starts.
 */
export const row: Row = {
  id: "rotate-under-load",
  async measure() {
    const server = await rotateUnderLoad({ ...LOAD, program: "server" })
    const reveal = await rotateUnderLoad({ ...LOAD, program: "reveal" })
    const peer = await readOnce()
    const peerName = "dotenv, at start-up"
    return [
      exactly(0, {
        what: `failed of ${server.calls.made} calls of the server`,
        ours: server.calls.failed,
        peer: peer.failed,
        peerName,
        unit: "calls",
      }),
      exactly(0, {
        what: `401s of ${reveal.calls.made} calls with plain reveal()`,
        ours: reveal.refusals,
        peer: peer.refusals,
        peerName,
        unit: "401s",
      }),
    ]
  },
}

/** The same load and the same rotations, for a program that reads its token once. */
async function readOnce(): Promise<{ readonly failed: number; readonly refusals: number }> {
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  let token = newToken()
  standIn.tokens.add(token)
  const place = await makePlace(`TALLY__API_TOKEN=${token}\n`)
  try {
    const authorization = `Bearer ${parse(await readFile(place.envFile)).TALLY__API_TOKEN}`
    const pace = new Pace(LOAD.callsPerSecond, async () => {
      const headers = { authorization, "user-agent": "bench/0.1" }
      const response = await fetch(`${standIn.url()}/users/me`, { headers })
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`status ${response.status}`)
    })
    for (let done = 0; done < LOAD.rotations; done++) {
      await pause(LOAD.calmMs)
      const old = token
      token = newToken()
      standIn.tokens.add(token)
      await writeFile(place.envFile, `TALLY__API_TOKEN=${token}\n`)
      await pause(LOAD.overlapMs)
      standIn.tokens.revoke(old)
    }
    await pause(LOAD.calmMs)
    const { failed } = await pace.stop()
    return { failed, refusals: standIn.tokens.refusals }
  } finally {
    await standIn.close()
    await place.remove()
  }
}
