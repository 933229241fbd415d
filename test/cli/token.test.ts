import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { newCanary } from "../support/canary.ts"
import { type Desk, newDesk } from "./terminal.ts"

const NAME = "ledger/token"

/** A configuration whose service accepts the old token and those that begin with "tly-". */
const CONFIG = (folder: string, old: string, more = "") => `
export default defineRotations(({ input }) => ({
  store: ${JSON.stringify(`dotenv:${join(folder, ".env")}`)},
  rotations: {
    "${NAME}": {
      plan: assisted({
        input,
        howToMake: "make a token at the ledger",
        howToRevoke: "delete the old token at the ledger",
        verify: async token => token.startsWith("tly-") || token === "${old}" ? "works" : "refused",
        consumers: { ...consumers, tokenLifetime: "1h" },
        deadlines: { verify: "100ms" },
      }),
    },
    "auth/key": { plan: generatedKey({ consumers }) },
  },
  ${more}
}))`

async function tokenDesk() {
  const [old, fresh] = [newCanary(), newCanary()]
  const desk = await newDesk()
  await desk.write(".env", `LEDGER__TOKEN=${old.text}\n`)
  await desk.configure(CONFIG(desk.folder, old.text))
  const token = `tly-${fresh.text}`
  const run: Desk["run"] = async (args, options) => {
    const ended = await desk.run(args, options)
    for (const canary of [old, fresh]) canary.watch([ended.out, ended.err])
    return ended
  }
  const held = async () => await readFile(join(desk.folder, ".env"), "utf8")
  return { desk, run, old: old.text, token, held }
}

describe("a token that a person makes", () => {
  it("is taken from standard input, without the line break at its end", async () => {
    const { run, token, held } = await tokenDesk()
    const { code, out, err } = await run(["rotate", NAME, "--token-stdin"], { stdin: `${token}\r\n` })
    expect(err).not.toContain("not used")
    expect([code, out]).toEqual([0, expect.stringContaining("waits (promoted)")])
    expect(await held()).toBe(`LEDGER__TOKEN=${token}\n`)
  })

  it("is taken from a file, by a path from where the command runs", async () => {
    const { desk, run, token, held } = await tokenDesk()
    await desk.write("new.token", `${token}\n`)
    expect((await run(["rotate", NAME, "--token-file", "new.token"])).code).toBe(0)
    expect(await held()).toBe(`LEDGER__TOKEN=${token}\n`)
  })

  it("is asked for in a dry run as well, which changes nothing", async () => {
    const { run, token, held, old } = await tokenDesk()
    const ended = await run(["rotate", NAME, "--dry-run", "--token-stdin"], { stdin: token })
    expect([ended.code, ended.out]).toEqual([
      0,
      expect.stringContaining("no person has to do anything first"),
    ])
    expect(await held()).toContain(old)
  })

  it("that is not given is what a person is told to make: 4, for a run over all secrets too", async () => {
    const { run } = await tokenDesk()
    const { code, out } = await run(["rotate", NAME])
    expect([code, out]).toEqual([
      4,
      expect.stringMatching(/waits for a person[\s\S]*make a token at the ledger/),
    ])
    expect((await run(["rotate", NAME, "--token-stdin"], { stdin: "" })).code).toBe(4)
  })

  it("that the service refuses ends with 1, and the one in use stays", async () => {
    const { desk, run, held, old } = await tokenDesk()
    const wrong = newCanary()
    const ended = await run(["rotate", NAME, "--token-stdin"], { stdin: wrong.text })
    wrong.watch([ended.out, ended.err])
    expect(ended.code).toBe(1)
    expect(await held()).toContain(old)
    void desk
  })

  it("that is the one in use, or has spaces in it, begins nothing: 4", async () => {
    const { run, old, token } = await tokenDesk()
    for (const stdin of [old, `${token} ${token}`]) {
      expect((await run(["rotate", NAME, "--token-stdin"], { stdin })).code).toBe(4)
    }
  })

  const unreadable: readonly (readonly [
    what: string,
    args: string[],
    stdin: string | Uint8Array,
    says: RegExp,
  ])[] = [
    ["a file that is not there", ["--token-file", "none"], "", /the file none cannot be read \(ENOENT\)/],
    ["a folder", ["--token-file", "."], "", /the file \. cannot be read \(EISDIR\)/],
    [
      "a stream without an end",
      ["--token-stdin"],
      "x".repeat(100_000),
      /standard input holds more than 65536 bytes/,
    ],
    [
      "bytes that are no text",
      ["--token-stdin"],
      new Uint8Array([0xff, 0xfe, 0x41]),
      /holds bytes that are no text/,
    ],
  ]

  it.each(unreadable)("is not read from %s: 2, and nothing begins", async (_, args, stdin, says) => {
    const { run, held, old } = await tokenDesk()
    const { code, err } = await run(["rotate", NAME, ...args], { stdin, isEndless: stdin.length > 65_536 })
    expect([code, err]).toEqual([2, expect.stringMatching(says)])
    expect(await held()).toContain(old)
    expect((await run(["rotate", "--status"])).out).toContain("idle")
  })

  it("is refused where the configuration takes none: 2", async () => {
    const { desk, run, token } = await tokenDesk()
    await desk.configure(
      `export default () => ({ store: "dotenv:${desk.folder}/.env", rotations: { "auth/key": { plan: generatedKey({ consumers }) } } })`,
    )
    const { code, err } = await run(["rotate", "auth/key", "--token-stdin"], { stdin: token })
    expect([code, err]).toEqual([2, expect.stringContaining("the configuration takes no token")])
  })

  it("that nobody asked for is said to be left over", async () => {
    const { run, token } = await tokenDesk()
    const other = await run(["rotate", "auth/key", "--token-stdin", "-q"], { stdin: token })
    expect([other.code, other.err]).toEqual([
      0,
      expect.stringContaining("the token that was given was not used"),
    ])
    await run(["rotate", NAME, "--token-stdin"], { stdin: token })
    const second = await run(["rotate", NAME, "--token-stdin", "-q"], { stdin: "tly-another" })
    expect(second.err).toContain("the token that was given was not used")
    const used = await run(["rotate", "auth/key", "-q"])
    expect(used.err).toBe("")
  })

  it("is not waited for when the process is asked to stop, or --timeout is over: 6", async () => {
    const { run } = await tokenDesk()
    const late = await run(["rotate", NAME, "--token-stdin", "--timeout", "200ms"])
    expect([late.code, late.err]).toEqual([6, expect.stringContaining("not done within 200ms")])
    const ending = new AbortController()
    setTimeout(() => ending.abort(), 100)
    expect((await run(["rotate", NAME, "--token-stdin"], { signal: ending.signal })).code).toBe(6)
  })

  it("is asked for at a terminal, and not shown there", async () => {
    const { run, token, held } = await tokenDesk()
    const ended = await run(["rotate", NAME, "--token-stdin"], { isTerminal: true, typed: `${token}\r` })
    expect([ended.code, ended.err]).toEqual([
      0,
      expect.stringContaining(`new token for ${NAME} (it is not shown): \n`),
    ])
    expect(await held()).toBe(`LEDGER__TOKEN=${token}\n`)
  })

  it("that nobody types at a terminal is none: Ctrl-D ends with 4, Ctrl-C with 6", async () => {
    const { run } = await tokenDesk()
    expect((await run(["rotate", NAME, "--token-stdin"], { isTerminal: true, typed: "\u0004" })).code).toBe(4)
    expect((await run(["rotate", NAME, "--token-stdin"], { isTerminal: true, typed: "tl\u0003" })).code).toBe(
      6,
    )
  })
})
