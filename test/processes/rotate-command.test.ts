import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { newWorkplace, type StartOptions, Workplace } from "../cli/command-process.ts"
import { type Canary, newCanary } from "../support/canary.ts"

const NAME = "auth/session-key"
const BIN = fileURLToPath(new URL("../../bin/latchkey.js", import.meta.url))
const SCRIPT = "/usr/bin/script"

const HEAD = `
import { existsSync, writeFileSync, appendFileSync } from "node:fs"
import { assisted, defineRotations, generatedKey } from "latchkey/rotation"
const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "1s", tokenLifetime: "0s" } as const
const key = generatedKey({ consumers })
/** Says that it is at work, and comes to its end when it is told to. */
const slowly = {
  ...key,
  async create(context) {
    appendFileSync("creating", "once\\n")
    while (!existsSync("go")) await new Promise(resolve => setTimeout(resolve, 10))
    return await key.create(context)
  },
}
`
const of = (plan: string, more = "", before = ""): string => `${HEAD}${before}
export default defineRotations({
  store: "dotenv:.env",
  rotations: { "${NAME}": { plan: ${plan}, schedule: { interval: "24h" }, jitter: "0%" } },
  ${more}
})`

async function workplace(plan: string, more?: string, before?: string) {
  const canary = newCanary()
  const place = await newWorkplace(of(plan, more, before))
  await place.write(".env", `AUTH__SESSION_KEY=${canary.text}\n`)
  const run = async (args: readonly string[], options?: StartOptions) =>
    await quiet(canary, place, place.run(args, options))
  return { place, canary, run }
}

/** Nothing that a command wrote holds the value from before, nor the one that is there now. */
async function quiet<T extends { out: string; err: string }>(
  canary: Canary,
  place: Workplace,
  ending: Promise<T>,
): Promise<T> {
  const ended = await ending
  canary.watch([ended.out, ended.err])
  const [, value = "none"] = /AUTH__SESSION_KEY=(\S+)/.exec(await place.read(".env")) ?? []
  expect(ended.out + ended.err).not.toContain(value)
  return ended
}

describe("latchkey rotate as a process", { timeout: 60_000 }, () => {
  it("runs a configuration in TypeScript, writes results to standard output alone, and a second run has nothing to do", async () => {
    const { place, canary, run } = await workplace("key")
    const first = await run(["rotate"])
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\S+: waits \(promoted\), next in \S+ s\n$/),
    })
    expect(first.err).toMatch(/claimed[\s\S]*promoted\n$/)
    expect(await place.read(".env")).not.toContain(canary.text)
    expect(await run(["rotate", NAME, "--wait", "--json"])).toMatchObject({ code: 0, err: "" })
    expect(await run(["rotate"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/nothing to do, next in 24 h/),
      err: "",
    })
  })

  it("carries a rotation to its end when nobody reads what it writes", async () => {
    const { place, canary } = await workplace("key")
    expect(await place.start(["rotate", NAME], { deaf: true }).ended).toMatchObject({ code: 0, signal: null })
    expect(await place.read(".env")).not.toContain(canary.text)
  })

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    it(`lets the step under ${signal} come to its end, ends with 6, and a later run goes on with what was made`, async () => {
      const { place, canary, run } = await workplace("slowly")
      const command = place.start(["rotate"])
      await place.has("creating")
      command.process.kill(signal)
      // As when a terminal tells both this process and the one that started it, which hands it on.
      command.process.kill(signal === "SIGINT" ? "SIGTERM" : "SIGINT")
      await place.write("go", "")
      const ended = await quiet(canary, place, command.ended)
      expect(ended).toMatchObject({ code: 6, signal: null, out: "" })
      expect(ended.err).toContain("stopped before it was done")
      expect(await place.read(".env")).toContain(canary.text)
      expect(await run(["rotate", NAME, "--resume", "--force"])).toMatchObject({ code: 0 })
      expect(await place.read(".env")).not.toContain(canary.text)
    })

  it("ends at once when it is asked to for a second time", async () => {
    const { place } = await workplace("slowly")
    const command = place.start(["rotate"])
    await place.has("creating")
    command.process.kill("SIGINT")
    const again = setInterval(() => command.process.kill("SIGINT"), 300)
    const begun = performance.now()
    const ended = await command.ended.finally(() => clearInterval(again))
    expect(ended).toMatchObject({ code: 6, signal: null })
    // A step that does not end is given five seconds.
    expect(performance.now() - begun).toBeLessThan(4_500)
  })

  it("was killed in the middle: its lease holds, what was in use goes on, and --resume --force goes on at once", async () => {
    const { place, canary, run } = await workplace("slowly")
    const command = place.start(["rotate"])
    await place.has("creating")
    command.process.kill("SIGKILL")
    expect(await command.ended).toMatchObject({ signal: "SIGKILL" })
    await place.write("go", "")
    expect(await run(["rotate"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("held by another process"),
    })
    expect(await run(["rotate", NAME])).toMatchObject({ code: 5 })
    expect((await run(["rotate", "--status"])).out).toContain("claimed, held")
    expect(await place.read(".env")).toContain(canary.text)
    expect(await run(["rotate", NAME, "--resume", "--force"])).toMatchObject({ code: 0 })
    expect(await place.read(".env")).not.toContain(canary.text)
  })

  it("is one of two at the same time: the other has nothing to do, or is told so with 5, and one value is made", async () => {
    const { place, run } = await workplace("slowly")
    const first = place.start(["rotate"])
    await place.has("creating")
    expect(await run(["rotate"])).toMatchObject({ code: 0, out: expect.stringContaining("held") })
    expect(await run(["rotate", NAME])).toMatchObject({ code: 5 })
    await place.write("go", "")
    expect(await first.ended).toMatchObject({ code: 0 })
    expect(await place.read("creating")).toBe("once\n")
  })

  it("begins at the same moment as another one: one of them rotates, and both end well", async () => {
    const { place, canary } = await workplace("key")
    const both = [place.start(["rotate", "--json"]), place.start(["rotate", "--json"])]
    const ended = await Promise.all(both.map(async ({ ended }) => await quiet(canary, place, ended)))
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    const ids = ended.map(({ out }) => JSON.parse(out).outcomes[0].rotationId)
    expect(new Set(ids.filter(id => id !== undefined)).size).toBe(1)
  })

  it("stays with --watch, and ends with 0 when it is asked to", async () => {
    const { place, canary } = await workplace("key")
    const command = place.start(["rotate", "--watch"])
    await command.wrote("idle")
    command.process.kill("SIGTERM")
    expect(await quiet(canary, place, command.ended)).toMatchObject({ code: 0, signal: null, out: "" })
    expect(await place.read(".env")).not.toContain(canary.text)
  })

  it("waits five seconds and no longer for what the configuration left open, and says so", async () => {
    const { run } = await workplace("key", "", "setInterval(() => undefined, 1_000)")
    const ended = await run(["rotate"])
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("promoted") })
    expect(ended.err).toContain("the configuration left something open")
  })

  it("says so when the configuration waits for what never comes", async () => {
    const { run } = await workplace("key", "", "await new Promise(() => {})")
    const ended = await run(["rotate"])
    expect(ended.code).toBe(1)
    expect(ended.err).toContain("the configuration waits for something that never comes")
  })

  for (const [what, thrown] of [
    ["throws later", `setTimeout(() => { throw new RangeError(process.env.CANARY) })`],
    [
      "rejects without anybody handling it",
      `setTimeout(() => void Promise.reject(new RangeError(process.env.CANARY)))`,
    ],
  ] as const)
    it(`shows nothing of what a configuration ${what}, and ends with 1`, async () => {
      const { run, canary } = await workplace("slowly", "", thrown)
      const ended = await run(["rotate"], { env: { CANARY: canary.text } })
      expect(ended.code).toBe(1)
      expect(ended.err).toContain("RangeError that nobody caught")
    })

  it("says in which line of the configuration a slip is, and what no Node runs", async () => {
    const place = await newWorkplace("const a: number = 1\nexport default {{{\n")
    const slips: readonly (readonly [file: string, text: string, says: RegExp])[] = [
      [
        "latchkey.config.ts",
        "const a: number = 1\nexport default {{{\n",
        /\(SyntaxError, ERR_INVALID_TYPESCRIPT_SYNTAX, line 2\)/,
      ],
      [
        "enum.ts",
        "enum A { b }\nexport default {}\n",
        /\(SyntaxError, ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX, line 1\)/,
      ],
      ["import.mjs", '\nimport { nothing } from "node:fs"\n', /\(SyntaxError, line 2\)/],
      ["slip.mjs", "export default {{{\n", /could not be loaded \(SyntaxError\)/],
      ["text.txt", "", /text\.txt is no module/],
    ]
    for (const [file, text, says] of slips) {
      await place.write(file, text)
      const { code, err } = await place.run(["rotate", "-c", file])
      expect([code, err]).toEqual([2, expect.stringMatching(says)])
    }
  })

  it("says which Node it needs where it is started by an older one, and ends with 2", async () => {
    const { place } = await workplace("slowly")
    const start = async (version: string) => {
      const older = `data:text/javascript,Object.defineProperty(process, "versions", { value: { node: "${version}" } })`
      return await place.run([], { by: [process.execPath, "--import", older, BIN, "--version"] })
    }
    for (const version of ["20.20.2", "22.17.1"]) {
      expect(await start(version)).toMatchObject({
        code: 2,
        out: "",
        err: expect.stringContaining(`this is Node ${version}, and 22.18 or later is needed`),
      })
    }
    for (const version of ["22.18.0", "24.0.0"]) expect(await start(version)).toMatchObject({ code: 0 })
  })

  it("is started by bin/latchkey.js from the sources of a checkout, which hands on signals and the exit code", async () => {
    const { place } = await workplace("slowly")
    const by = (...args: string[]): [string, ...string[]] => [process.execPath, BIN, ...args]
    expect(await place.run([], { by: by("--version") })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
    expect(await place.run([], { by: by("rotate", "nothing") })).toMatchObject({ code: 2 })
    const command = place.start([], { by: by("rotate") })
    await place.has("creating")
    command.process.kill("SIGTERM")
    await place.write("go", "")
    expect(await command.ended).toMatchObject({ code: 6 })
  })
})

const ASSISTED = `assisted({
  input,
  howToMake: "make one", howToRevoke: "delete the old one",
  verify: async token => token.length === 32 ? "works" : "refused",
  consumers,
})`
const WITH_INPUT = `${HEAD}
export default defineRotations(({ input }) => ({
  store: "dotenv:.env",
  rotations: { "${NAME}": { plan: ${ASSISTED} } },
}))`

describe("latchkey rotate --token-stdin", { timeout: 60_000 }, () => {
  it("reads a pipe", async () => {
    const [old, fresh] = [newCanary(), newCanary()]
    const place = await newWorkplace(WITH_INPUT)
    await place.write(".env", `AUTH__SESSION_KEY=${old.text}\n`)
    const ended = await quiet(
      fresh,
      place,
      place.run(["rotate", NAME, "--token-stdin"], { stdin: `${fresh.text}\n` }),
    )
    expect(ended.code).toBe(0)
    expect(await place.read(".env")).toBe(`AUTH__SESSION_KEY=${fresh.text}\n`)
  })

  it.runIf(existsSync(SCRIPT))(
    "asks at a terminal, which does not show what is typed; Ctrl-C ends it in order",
    async () => {
      const [old, fresh] = [newCanary(), newCanary()]
      const place = await newWorkplace(WITH_INPUT)
      await place.write(".env", `AUTH__SESSION_KEY=${old.text}\n`)
      const command = Workplace.command("rotate", NAME, "--token-stdin")
        .map(word => `'${word}'`)
        .join(" ")
      const terminal = () => place.start([], { by: [SCRIPT, "-qec", command, "/dev/null"] })

      const left = terminal()
      await left.wrote("it is not shown")
      left.process.stdin?.write("tl\u0003")
      await left.wrote("stopped before it was done")
      expect(await place.read(".env")).toContain(old.text)

      const answered = terminal()
      await answered.wrote("it is not shown")
      answered.process.stdin?.write(`${fresh.text}\r`)
      await answered.wrote("(promoted), next")
      expect(await place.read(".env")).toBe(`AUTH__SESSION_KEY=${fresh.text}\n`)
      for (const canary of [old, fresh]) canary.watch([left.written(), answered.written()])
      for (const { process } of [left, answered]) process.stdin?.end()
      await Promise.all([left.ended, answered.ended])
    },
  )
})
