import { spawn } from "node:child_process"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { nodeArguments } from "../../examples/tally-mcp-server/demo/replica.ts"
import { eventually } from "../support/eventually.ts"

const demo = fileURLToPath(new URL("../../examples/tally-mcp-server/demo/main.ts", import.meta.url))

let temporary: string

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), "latchkey-demo-test-"))
})

afterEach(async () => {
  await rm(temporary, { recursive: true, force: true })
})

function start(env: Record<string, string> = {}, args: readonly string[] = []) {
  const { PATH = "" } = process.env
  const child = spawn(process.execPath, [...nodeArguments(), demo, ...args], {
    env: { PATH, TMPDIR: temporary, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const written = { stdout: "", stderr: "" }
  child.stdout.on("data", chunk => {
    written.stdout += chunk
  })
  child.stderr.on("data", chunk => {
    written.stderr += chunk
  })
  const ended = new Promise<number | null>(resolve => child.once("close", resolve))
  return { child, written, ended }
}

describe("the demo", { timeout: 60_000 }, () => {
  it("tells its story in plain text, keeps its promises within 30 s and leaves nothing behind", async () => {
    const begin = performance.now()
    const { written, ended } = start()
    expect(await ended, written.stdout).toBe(0)
    expect(performance.now() - begin).toBeLessThan(30_000)
    expect(written.stderr).toBe("")
    expect(written.stdout).not.toContain("\x1b")
    expect(written.stdout).not.toContain("✗")
    expect(written.stdout).toMatch(/calls made +\d{3,}\n/)
    expect(written.stdout).toMatch(/calls failed +0\n/)
    expect(written.stdout).toMatch(/times a token stands in the server's output +0\n/)
    expect(written.stdout).toMatch(/rotations taken over without a restart +6 of 6\n/)
    expect(written.stdout).toMatch(/\d+ ms after the write the old one is revoked,\n +whether or not/)
    expect(written.stdout).toMatch(/first use +median \d+ ms, slowest \d+ ms\n/)
    expect(written.stdout).toContain("3 things are wrong with the configuration")
    expect(written.stdout).not.toContain("tly-1")
    expect(await readdir(temporary)).toEqual([])
  })

  it.each(["--help", "-h"])("says how it is used for %s, and does nothing else", async argument => {
    const { written, ended } = start({}, [argument])
    expect(await ended).toBe(0)
    expect(written.stdout).toContain("npm run demo -- --store <name>  it is in vault, aws, azure, gcp;")
    expect(written.stdout.trimEnd().split("\n")).toHaveLength(4)
    expect(written.stderr).toBe("")
    expect(await readdir(temporary)).toEqual([])
  })

  it("cleans up at Ctrl-C", async () => {
    const { child, written, ended } = start()
    await eventually(async () => expect(await readdir(temporary)).toHaveLength(1))
    child.kill("SIGINT")
    // npm hands on the signal that the terminal has sent already.
    child.kill("SIGINT")
    expect(await ended, written.stdout + written.stderr).toBe(130)
    expect(await readdir(temporary)).toEqual([])
  })

  it("cleans up when nobody reads its story any more", async () => {
    const { child, ended } = start()
    await eventually(async () => expect(await readdir(temporary)).toHaveLength(1))
    child.stdout.destroy()
    expect(await ended).toBe(130)
    expect(await readdir(temporary)).toEqual([])
  })

  it("uses colours where it is told to", async () => {
    const { child, written, ended } = start({ FORCE_COLOR: "1" })
    await eventually(() => expect(written.stdout).toContain("\x1b[1m"))
    child.kill("SIGINT")
    await ended
  })
})
