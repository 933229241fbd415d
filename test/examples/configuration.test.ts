import { spawn } from "node:child_process"
import { chmod } from "node:fs/promises"
import { afterEach, describe, expect, it } from "vitest"
import { makePlace, type Place } from "../../examples/tally-mcp-server/demo/place.ts"
import { nodeArguments } from "../../examples/tally-mcp-server/demo/replica.ts"
import { serverProgram } from "../../examples/tally-mcp-server/demo/server-replica.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const places: Place[] = []

afterEach(async () => {
  await Promise.all(places.splice(0).map(place => place.remove()))
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the server over a `.env` of this text; ends its input once it is ready. */
async function run(envText: string, env: Record<string, string> = {}): Promise<Ended> {
  const place = await makePlace(envText)
  places.push(place)
  return await runIn(place.folder, env)
}

async function runIn(cwd: string, env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeArguments(), serverProgram], { cwd, env })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", chunk => {
    stdout += chunk
  })
  child.stderr.on("data", chunk => {
    stderr += chunk
    if (stderr.includes(": ready")) child.stdin.end()
  })
  const code = await new Promise<number | null>(resolve => child.once("close", resolve))
  return { code, stdout, stderr }
}

describe("a server with a broken configuration", () => {
  it("names everything that is wrong in one message, shows no value, and ends with exit code 1", async () => {
    const canary = newCanary()
    const { code, stdout, stderr } = await run(`TALLY__API_TOKEN=${canary.text}\n`, {
      TALLY_BASE_URL: `http://${canary.text}.example.com`,
      TALLY_TIMEOUT_MS: canary.text,
    })
    expect(code).toBe(1)
    expect(stdout).toBe("")
    expect(stderr).toContain("3 things are wrong with the configuration")
    for (const path of ["tally.apiToken", "tally.baseUrl", "tally.timeoutMs"]) expect(stderr).toContain(path)
    expect(stderr).toContain('the key of a Tally account: "tly-" and visible ASCII')
    expect(stderr).toContain('starts with "https://"')
    expect(stderr).toContain("a whole number")
    expect(stderr).not.toMatch(/\n\s+at /)
    expectNoLeak(canary, stderr)
  })

  it("says where the token was looked for when it is missing", async () => {
    const { code, stderr } = await run("")
    expect(code).toBe(1)
    expect(stderr).toContain("TALLY__API_TOKEN")
    expect(stderr).toContain("NOT_FOUND")
  })

  it("says of a token that was never filled in that it is empty, and what it should be", async () => {
    const { code, stderr } = await run("TALLY__API_TOKEN=\n")
    expect(code).toBe(1)
    expect(stderr).toContain("tally.apiToken: it is empty (INVALID_VALUE)")
    expect(stderr).toContain('expected  the key of a Tally account: "tly-" and visible ASCII')
  })

  it("sees one underscore where there should be two", async () => {
    const canary = newCanary()
    const { code, stderr } = await run(`TALLY_API_TOKEN=tly-${canary.text}\n`)
    expect(code).toBe(1)
    expect(stderr).toMatch(/TALLY_API_TOKEN\b/)
    expectNoLeak(canary, stderr)
  })

  it.each([
    ["empty", "TALLY__API_TOKEN=\n"],
    ["with a space in it", "TALLY__API_TOKEN='tly-xylophone quince'\n"],
    ["of two lines", 'TALLY__API_TOKEN="tly-xylophone\nquince"\n'],
    ["with a letter that no header can carry", "TALLY__API_TOKEN=tly-xylophoné\n"],
  ])("refuses a token that is %s", async (_, envText) => {
    const { code, stdout, stderr } = await run(envText)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toContain("tally.apiToken")
    expect(stderr).not.toMatch(/xylophon|quince/)
  })

  it.each([
    "http://api.tally.so",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@example.com",
    "http://localhost:80@example.com/",
    "http://localhost.example.com",
    "http://10.0.0.1",
    "ftp://api.tally.so",
    "https://user:password@api.tally.so",
    "https://api.tally.so/?key=1",
    "https://api.tally.so/#top",
    "http://localhost/?key=1",
    "api.tally.so",
  ])("refuses to send the token to %s", async baseUrl => {
    const { code, stderr } = await run("TALLY__API_TOKEN=tly-1\n", { TALLY_BASE_URL: baseUrl })
    expect(code).toBe(1)
    expect(stderr).toContain("TALLY_BASE_URL")
    expect(stderr).not.toContain(baseUrl)
  })

  it("says so when the store that was named does not exist", async () => {
    const { code, stdout, stderr } = await run("", { LATCHKEY_STORE: "dotenv:nowhere.env" })
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toContain("MISCONFIGURED")
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe("a server with a good configuration", () => {
  it.each([
    "http://localhost:8080",
    "http://127.0.0.1",
    "http://[::1]:99/api/",
    "https://example.com/tally",
  ])("starts with %s, and ends with exit code 0 when its input ends", async baseUrl => {
    const { code, stdout, stderr } = await run("TALLY__API_TOKEN=tly-1\n", { TALLY_BASE_URL: baseUrl })
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" })
    expect(stderr).toContain(`ready, asking ${baseUrl}`)
  })

  it("takes the token from the environment before it looks into .env, and asks Tally by default", async () => {
    const { code, stderr } = await run("TALLY__API_TOKEN=wrong\n", { TALLY__API_TOKEN: "tly-1" })
    expect(code).toBe(0)
    expect(stderr).toContain("ready, asking https://api.tally.so")
  })

  it("takes the store that LATCHKEY_STORE names", async () => {
    const place = await makePlace("TALLY__API_TOKEN=tly-1\n")
    places.push(place)
    await chmod(place.envFile, 0o400)
    const elsewhere = await makePlace("")
    places.push(elsewhere)
    const { code } = await runIn(elsewhere.folder, { LATCHKEY_STORE: `dotenv:${place.envFile}` })
    expect(code).toBe(0)
  })
})
