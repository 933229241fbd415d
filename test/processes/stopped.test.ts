import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { type Child, startChild } from "../support/child.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-"))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

/**
 * Reads a file without watching it, and tells what happens to it. A tick that comes late tells of having been stopped,
 * before anything else can.
 */
const PROGRAM = `
  import { readFile } from "node:fs/promises"
  import { Secrets, defineStore, SecretError } from "latchkey"
  const store = defineStore({
    kind: "file",
    location: "file:",
    capabilities: {
      preconditions: { absent: false, version: false }, versionedReads: false, batchSize: 1,
      binary: false, expiry: false, softDelete: false, local: true,
    },
    names: { rule: "any", toNative: name => name, toPortable: name => name, holds: () => true },
    async read() {
      const text = await readFile(process.env.FILE!, "utf8")
      if (text === "down") throw new SecretError("UNAVAILABLE")
      return { value: text, version: String(text.length) }
    },
    async ping() {},
    async close() {},
  })
  const secrets = new Secrets(store, { ttl: "1s", maxStale: "1s", callTimeout: "500ms" })
  const token = await secrets.get("token")
  secrets.on("accepted", event => console.log("accepted", event.version))
  secrets.on("stale", event => console.log(event.ended ? "ended" : "stale"))
  secrets.on("recovered", () => console.log("recovered"))
  token.onRotate(() => undefined)
  let last = performance.now()
  let freshened = 0
  let age = 0
  setInterval(() => {
    const now = performance.now()
    const status = token.status
    if (now - last > 2000) console.log("continued, and serves a value of", token.reveal().length, status.age > 2000)
    last = now
    if (status.age < age) console.log("refreshed", ++freshened)
    age = status.age
    try {
      token.reveal()
    } catch (error) {
      console.log("throws", error.code, error.lastCode)
      secrets.close().then(() => process.exit())
    }
  }, 20)
  console.log("ready")`

/** Stops a process for longer than its secrets may be old, as another one that goes on can tell. */
async function stopFor(child: Child, refreshes: number, file: string): Promise<void> {
  const twin = startChild(PROGRAM, { env: { FILE: file } })
  await twin.printed("ready")
  child.signal("SIGSTOP")
  await twin.printed(`refreshed ${refreshes}`)
  twin.signal("SIGKILL")
}

it("a process that was stopped serves, marks and refreshes when it goes on", async () => {
  const canary = newCanary()
  const file = join(folder, "token")
  const twinFile = join(folder, "twin")
  await writeFile(file, canary.text)
  await writeFile(twinFile, canary.text)
  const child = startChild(PROGRAM, { env: { FILE: file } })
  await child.printed("ready")
  await stopFor(child, 4, twinFile)
  await writeFile(file, `${canary.text} new`)
  child.signal("SIGCONT")
  await child.printed("recovered")
  child.signal("SIGTERM")
  const { stdout, stderr } = await child.ended
  const told = stdout.slice(stdout.indexOf("continued")).split("\n")
  expect(told.slice(0, 4)).toEqual([
    "continued, and serves a value of 32 true",
    "stale",
    "accepted 36",
    "recovered",
  ])
  expect(stdout).not.toContain("ended")
  expect(stdout).not.toContain("throws")
  expectNoLeak(canary, stdout, stderr)
})

it("a process that was stopped serves no longer when its first refresh has failed", async () => {
  const canary = newCanary()
  const file = join(folder, "token")
  const twinFile = join(folder, "twin")
  await writeFile(file, canary.text)
  await writeFile(twinFile, canary.text)
  const child = startChild(PROGRAM, { env: { FILE: file } })
  await child.printed("ready")
  await stopFor(child, 4, twinFile)
  await writeFile(file, "down")
  child.signal("SIGCONT")
  const { stdout, stderr } = await child.ended
  const told = stdout.slice(stdout.indexOf("continued")).trim().split("\n")
  expect(told).toEqual([
    "continued, and serves a value of 32 true",
    "stale",
    "ended",
    "throws STALE UNAVAILABLE",
  ])
  expectNoLeak(canary, stdout, stderr)
})
