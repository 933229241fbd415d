import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { startChild } from "../../support/child.ts"
import { eventually } from "../../support/eventually.ts"
import { standIn } from "./support.ts"

/** The metadata server of a machine, which keeps those waiting who ask for a token until it is told to answer. */
async function metadataServer(token: string) {
  const asked: string[] = []
  const waiting: ServerResponse[] = []
  const server = createServer((request, response) => {
    response.setHeader("Metadata-Flavor", "Google")
    const path = new URL(request.url ?? "/", "http://metadata").pathname
    asked.push(path)
    if (path.endsWith("/token")) waiting.push(response)
    else response.writeHead(404).end()
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const answer = (responses: readonly ServerResponse[]): void => {
    const body = JSON.stringify({ access_token: token, expires_in: 3_600, token_type: "Bearer" })
    for (const response of responses)
      response.writeHead(200, { "content-type": "application/json" }).end(body)
  }
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    /** Answers all. */
    answer: () => answer(waiting.splice(0)),
    /** Answers the last one, and lets the others wait on. */
    answerLast: () => answer(waiting.splice(-1)),
  }
}

/** A program that logs in at it, and does what the lines say that it is told: `read`, `leave`, `later`, `expire`, `close`. */
async function program() {
  const token = newCanary().text
  const server = await standIn({ tls: true, identities: [{ token, name: "program" }] })
  server.put("tally--api-token", "tly-1")
  const metadata = await metadataServer(token)
  const options = { project: server.project, endpoint: `localhost:${server.port}`, ca: server.ca }
  const child = startChild(
    `import { createInterface } from "node:readline"
     import { gcp } from "latchkey/gcp"
     const store = gcp(JSON.parse(process.env.OPTIONS!))
     let leaving = new AbortController()
     const read = () => {
       leaving = new AbortController()
       store.read("tally/api-token", leaving).then(
         ({ version }) => console.log("version " + version),
         error => console.log(error.code),
       )
     }
     let hours = 0
     const Real = Date
     globalThis.Date = class extends Real {
       constructor(...parts: [number]) {
         super(...(parts.length > 0 ? parts : [Real.now() + hours * 3_600_000] as const))
       }
     } as typeof Date
     const lines = createInterface({ input: process.stdin })
     const deeds = {
       read,
       leave: () => leaving.abort(),
       expire: () => void hours++,
       later() {
         const now = performance.now.bind(performance)
         performance.now = () => now() + 10_000
       },
       close: async () => {
         await store.close()
         console.log("closed")
         lines.close()
       },
     }
     lines.on("line", line => void deeds[line as keyof typeof deeds]())
     console.log("started")`,
    {
      env: {
        OPTIONS: JSON.stringify(options),
        GCE_METADATA_HOST: metadata.host,
        METADATA_SERVER_DETECTION: "assume-present",
        HOME: "/nonexistent",
      },
    },
  )
  await child.printed("started")
  return { server, metadata, child }
}

test("the metadata server is asked for a token, once, however many left who waited for it, and for nothing else", async () => {
  const { metadata, child } = await program()
  child.say("read")
  await eventually(() => expect(metadata.asked.length).toBe(1))
  child.say("leave")
  await child.printed("ABORTED")
  child.say("read")
  metadata.answer()
  await child.printed("version 1")
  child.say("close")
  const { stderr } = await child.ended
  expect(stderr).toBe("")
  expect(metadata.asked).toEqual(["/computeMetadata/v1/instance/service-accounts/default/token"])
})

test("a token for which the metadata server is asked in vain is asked for anew after ten seconds, in mid-life too", async () => {
  const { metadata, child } = await program()
  for (const before of [0, 2]) {
    child.say("read")
    await eventually(() => expect(metadata.asked.length).toBe(before + 1))
    child.say("later")
    child.say("read")
    // Google's library itself would only wait for the first one.
    await eventually(() => expect(metadata.asked.length).toBe(before + 2))
    metadata.answerLast()
    await child.printed("version 1\n".repeat(before + 2))
    child.say("expire")
  }
  metadata.answer()
  child.say("close")
  expect((await child.ended).stderr).toBe("")
})

test("a store is closed though the metadata server never answers", async () => {
  const { server, metadata, child } = await program()
  child.say("read")
  await eventually(() => expect(metadata.asked.length).toBe(1))
  child.say("close")
  await child.printed("closed")
  metadata.answer()
  const { stdout, stderr } = await child.ended
  expect(stderr).toBe("")
  expect(stdout.trim().split("\n").sort()).toEqual(["CLOSED", "closed", "started"])
  expect(server.log.requests).toHaveLength(0)
})
