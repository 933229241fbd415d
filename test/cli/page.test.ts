import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { EXIT_TEXTS } from "../../src/cli/exit-codes.ts"
import { optionsOfRotate, rotatePage } from "./rotate-page.ts"
import { deskWithKey, newDesk } from "./terminal.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const page = readFileSync(join(ROOT, "docs/latchkey-rotate.md"), "utf8")
const KEY = "auth/session-key"

const flagsIn = (text: string): string[] => text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []
const squeezed = (text: string): string => text.replace(/\s+/g, " ")

describe("docs/latchkey-rotate.md", () => {
  it("has the options and exit codes of the command: npm run docs writes them", () => {
    expect(page).toBe(rotatePage(page))
    expect(() => rotatePage("another page")).toThrow("no place for its options")
  })

  it("says the same as --help", async () => {
    const help = squeezed((await (await newDesk()).run(["rotate", "--help"])).out)
    for (const [flags, text] of optionsOfRotate()) expect(help).toContain(`${flags} ${text}`)
    for (const [code, text] of Object.entries(EXIT_TEXTS)) expect(help).toContain(`${code} ${text}`)
  })

  it("calls the command with options that there are", () => {
    const known = new Set(optionsOfRotate().flatMap(([flags]) => flagsIn(flags)))
    const blocks = Array.from(page.matchAll(/```(?:sh|yaml|ini)\n([\s\S]*?)```/g), ([, text = ""]) => text)
    const calls = blocks.flatMap(block => block.split("\n")).filter(line => /latchkey.*rotate\b/.test(line))
    expect(calls.length).toBeGreaterThan(9)
    expect(calls.flatMap(flagsIn).filter(flag => !known.has(flag))).toEqual([])
    expect(calls.flatMap(flagsIn).length).toBeGreaterThan(8)
  })

  it("has a configuration that works, and tells a person what to do where there is no token", async () => {
    vi.stubEnv("LATCHKEY_STORE", "memory:")
    onTestFinished(() => void vi.unstubAllEnvs())
    const config = join(ROOT, "docs/snippets/rotations.config.ts")
    const desk = await newDesk()
    const { code, json } = await desk.run(["rotate", "tally/api-token", "-c", config, "--json"])
    expect([code, json]).toMatchObject([
      4,
      { outcomes: [{ happened: "awaits", problem: { kind: "awaits" } }] },
    ])
  })

  it("shows a document as the command prints it, and names every field that it has", async () => {
    const [, shown = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? []
    const desk = await deskWithKey(
      "old-value-old-value",
      "",
      `{ ...generatedKey({ consumers }), needs: ["nothing"] }`,
    )
    const rotated = (await desk.run(["rotate", KEY, "--json"])).json
    expect(shapeOf(JSON.parse(shown))).toEqual(shapeOf(rotated))

    const status = (await desk.run(["rotate", "--status", "--json"])).json
    const dryRun = (await desk.run(["rotate", KEY, "--dry-run", "--json"])).json
    const error = (await desk.run(["rotate", KEY, "--abort", "--json"])).json
    for (const [kind, document] of Object.entries({ outcomes: rotated, status, "dry-run": dryRun, error })) {
      const row = page.split("\n").find(line => line.startsWith(`| \`${kind}\``)) ?? ""
      expect(document).toMatchObject({ schema: 1, kind, exitCode: expect.any(Number) })
      const { schema, kind: _, exitCode, ...rest } = document
      for (const name of namesIn(rest)) expect(row).toContain(`\`${name}\``)
    }
  })
})

/** The names of the fields, at whatever depth, but for those of a status inside of something else. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn)
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [
    name,
    ...(name === "status" ? [] : namesIn(inner)),
  ])
}

/** What stands where, without what it is. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== "object" || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}
