import { spawn } from "node:child_process"
import { readdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { nodeArguments } from "../../examples/tally-mcp-server/demo/replica.ts"
import { running, ServerUnavailable } from "../servers/index.ts"
import { eventually } from "../support/eventually.ts"

const demo = fileURLToPath(new URL("../../examples/tally-mcp-server/demo/main.ts", import.meta.url))

function start(...args: string[]) {
  const child = spawn(process.execPath, [...nodeArguments(), demo, ...args], {
    env: process.env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  const written = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text
    })
  const ended = new Promise<number | null>(resolve => child.once("close", resolve))
  return { child, written, ended }
}

const folders = async () => (await readdir(tmpdir())).filter(name => name.startsWith("latchkey-tally-"))

describe("the demo of rotation", () => {
  it("rotates a key and a password on a schedule, and not one call fails", {
    timeout: 150_000,
  }, async context => {
    const found = await running("postgres").catch((thrown: unknown) => thrown)
    if (found instanceof ServerUnavailable && process.env.CI !== "true") context.skip(found.message)
    const { written, ended } = start("--rotate")
    expect(await ended, written.stdout + written.stderr).toBe(0)
    const { stdout, stderr } = written
    expect(stderr).toBe("")
    expect(stdout).not.toContain("\x1b")
    expect(stdout).not.toContain("✗")
    expect(stdout).toMatch(/calls made +\d{3,}, /)
    expect(stdout).toMatch(/calls failed +0\n/)
    expect(stdout).toMatch(/times a replica refused a token \(401\) +0(?:\n|, beside)/)
    expect(stdout).toMatch(/old credentials that somebody still accepts +0\n/)
    // A row for each, in which no call failed, none was refused, and the old one is dead.
    const rows = (name: string) =>
      stdout.split("\n").filter(line => line.trim().startsWith(`${name} `) && / 0 +0 +refused$/.test(line))
    expect(rows("auth/jwt-key").length).toBeGreaterThanOrEqual(2)
    expect(rows("db/url").length).toBeGreaterThanOrEqual(5)
    expect(Math.max(...stdout.split("\n").map(line => line.length))).toBeLessThanOrEqual(110)
    expect(stdout).not.toMatch(/postgres:\/\/|tly-\w/)
  })

  it("cleans up at Ctrl-C", { timeout: 90_000 }, async context => {
    const found = await running("postgres").catch((thrown: unknown) => thrown)
    if (found instanceof ServerUnavailable && process.env.CI !== "true") context.skip(found.message)
    const before = await folders()
    const { child, written, ended } = start("--rotate")
    await eventually(() => expect(written.stdout).toContain("As it happens"), { atMost: 60_000 })
    child.kill("SIGINT")
    expect(await ended, written.stdout + written.stderr).toBe(130)
    expect(written.stdout).toContain("Stopped; nothing is left behind.")
    expect((await folders()).filter(name => !before.includes(name))).toEqual([])
  })

  it("has its secrets in a .env alone, and says so", async () => {
    const { written, ended } = start("--rotate", "--store", "vault")
    expect([await ended, written.stdout]).toEqual([2, ""])
    expect(written.stderr).toContain("--rotate has its secrets in a .env")
    expect(written.stderr).toContain("npm run demo -- --rotate")
  })
})
