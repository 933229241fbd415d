import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { type Child, startChild } from "../support/child.ts"
import { eventually } from "../support/eventually.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-"))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

/**
 * Reads a file without watching it, and tells what happens to it. It stops itself, right after a refresh: whatever the
 * machine did to it before, nothing is stale then and nothing under way. What comes next in that place is done before
 * anything else can be.
 */
const PROGRAM = `
  import { writeSync } from "node:fs"
  import { readFile } from "node:fs/promises"
  import { Secrets, defineStore, SecretError, systemClock } from "latchkey"
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
  // A call is late only when it never comes back: a busy machine may take longer than this to read a file.
  const callTimeout = 500
  const clock = {
    ...systemClock,
    timer: (kind, milliseconds, callback) =>
      systemClock.timer(kind, milliseconds === callTimeout ? 600_000 : milliseconds, callback),
  }
  const secrets = new Secrets(store, { ttl: "1s", maxStale: "1s", callTimeout: callTimeout + "ms", clock })
  const token = await secrets.get("token")
  secrets.on("accepted", event => console.log("accepted", event.version))
  secrets.on("stale", event => console.log(event.ended ? "ended" : "stale"))
  secrets.on("recovered", () => console.log("recovered"))
  token.onRotate(() => undefined)
  let age = token.status.age
  let stops = true
  setInterval(() => {
    const { status } = token
    if (stops && status.age < age && !status.stale) {
      stops = false
      writeSync(1, "stops\\n")
      process.kill(process.pid, "SIGSTOP")
      console.log("continued, and serves a value of", token.reveal().length, token.status.age > 2000)
    }
    age = status.age
    try {
      token.reveal()
    } catch (error) {
      console.log("throws", error.code, error.lastCode)
      secrets.close().then(() => process.exit())
    }
  }, 20)`

/** Starts the program, and waits until it has been stopped for longer than its secret may be old. */
async function stopped(file: string): Promise<Child> {
  const child = startChild(PROGRAM, { env: { FILE: file }, killAfter: 55_000 })
  await child.printed("stops\n")
  await child.stopped()
  const since = performance.now()
  await eventually(() => expect(performance.now() - since).toBeGreaterThan(2_500))
  return child
}

// Only a bound for what hangs: it takes three seconds, and the start of a program on a busy machine as much again.
const TIMEOUT = 60_000

it("a process that was stopped serves, marks and refreshes when it goes on", {
  timeout: TIMEOUT,
}, async () => {
  const canary = newCanary()
  const file = join(folder, "token")
  await writeFile(file, canary.text)
  const child = await stopped(file)
  await writeFile(file, `${canary.text} new`)
  child.signal("SIGCONT")
  await child.printed("accepted 36\nrecovered\n")
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

it("a process that was stopped serves no longer when its first refresh has failed", {
  timeout: TIMEOUT,
}, async () => {
  const canary = newCanary()
  const file = join(folder, "token")
  await writeFile(file, canary.text)
  const child = await stopped(file)
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
