import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { newCanary } from "../support/canary.ts"
import { type Desk, deskWithKey, newDesk } from "./terminal.ts"

const KEY = "auth/session-key"

async function valueIn(desk: Desk): Promise<string> {
  return await readFile(join(desk.folder, ".env"), "utf8")
}

/** A desk with a canary in it, whose output is searched for the canary and for what replaced it. */
async function secretDesk(more?: string, plan?: string) {
  const canary = newCanary()
  const desk = await deskWithKey(canary.text, more, plan)
  const run: Desk["run"] = async (args, options) => {
    const ended = await desk.run(args, options)
    canary.watch([ended.out, ended.err])
    const [, value = ""] = /AUTH__SESSION_KEY=(\S+)/.exec(await valueIn(desk)) ?? []
    expect(value).not.toBe("")
    expect(ended.out + ended.err).not.toContain(value)
    return ended
  }
  return { desk, run, canary }
}

describe("what helps", () => {
  it("is typed with the configuration that was named, and what was not begun is said", async () => {
    const patient = "generatedKey({ consumers: { ...consumers, ttl: '1h' } })"
    const { desk, run } = await secretDesk(undefined, patient)
    await run(["rotate", KEY])
    const again = await run(["rotate", KEY])
    expect(again).toMatchObject({
      code: 0,
      out: expect.stringMatching(/waits \(promoted\).*\n {2}nothing new was begun/),
    })
    expect((await run(["rotate"])).out).not.toContain("nothing new")
    await desk.write(".env", (await valueIn(desk)).replace(/=.*/, "=another-value-by-hand"))
    const blocked = ["rotate", KEY, "--rollback", "-c", "latchkey.config.mjs"]
    expect(await run(blocked)).toMatchObject({
      code: 3,
      out: expect.stringMatching(
        /look(?: \(|, |\n)[\s\S]*\n {2}\$ latchkey rotate \S+ --abort --config latchkey\.config\.mjs\n/,
      ),
    })
    expect(await run(["rotate", KEY, "--abort"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("what the secret holds stays as it is"),
    })
  })
})

describe("latchkey", () => {
  it("by itself, and with a command that there is not, shows what there is and ends with 2", async () => {
    const desk = await newDesk()
    expect(await desk.run([])).toMatchObject({ code: 2, out: "", err: expect.stringContaining("rotate") })
    expect(await desk.run(["rotat"])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/unknown command 'rotat'[\s\S]*rotate/),
    })
  })

  it("says its version and its help on standard output, and ends with 0", async () => {
    const desk = await newDesk()
    expect(await desk.run(["--version"])).toEqual(
      expect.objectContaining({ code: 0, out: "1.2.3\n", err: "" }),
    )
    const help = await desk.run(["rotate", "--help"])
    expect([help.code, help.err]).toEqual([0, ""])
    expect(help.out).toMatch(/--compromised[\s\S]*Exit codes:[\s\S]*6 {2}stopped/)
  })

  it("refuses an option that there is not without showing what was given to it, in JSON as well", async () => {
    const canary = newCanary()
    const desk = await newDesk()
    const { code, out, err } = await desk.run(["rotate", KEY, `--token=${canary.text}`, "--json"])
    expect([code, err]).toEqual([2, ""])
    expect(JSON.parse(out)).toEqual({
      schema: 1,
      kind: "error",
      exitCode: 2,
      error: { message: "unknown option '--token'", hint: "latchkey rotate --help says what there is" },
    })
    const plain = await desk.run(["rotate", KEY, `--token=${canary.text}`])
    expect(plain).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/^latchkey: unknown option '--token'/),
    })
    const near = await desk.run(["rotate", "--json", "--stauts"])
    expect(JSON.parse(near.out)).toMatchObject({
      error: { message: "unknown option '--stauts'", hint: "Did you mean --status?" },
    })
    canary.watch([out, err, plain])
  })

  it("tells each of several things that are wrong at once, in lines and in JSON", async () => {
    const desk = await newDesk()
    await desk.configure(`
      const { configuredRotation } = await import(${JSON.stringify(new URL("../../src/rotation/index.ts", import.meta.url).href)})
      const data = { rotation: { enabled: true, interval: "soon" }, scopes: "forms:read" }
      configuredRotation(generatedKey({ consumers }), data)
      export default defineRotations({ store: "env://", rotations: {} })`)
    const { code, err } = await desk.run(["rotate", "--status"])
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(
        /configuration of the rotation is wrong.*\n {2}- rotation.interval is .*\n {2}- scopes is no list/,
      ),
    ])
    const { json } = await desk.run(["rotate", "--status", "--json"])
    expect(json).toMatchObject({
      kind: "error",
      error: {
        code: "MISCONFIGURED",
        problems: [
          { message: expect.stringContaining("interval"), hint: expect.any(String) },
          { message: "scopes is no list", hint: 'write "scopes": ["forms:read"]' },
        ],
      },
    })
  })

  it("refuses a second name", async () => {
    expect(await (await newDesk()).run(["rotate", "a", "b"])).toMatchObject({ code: 2, out: "" })
  })

  it("tells of an error that nobody expected by its class alone", async () => {
    const canary = newCanary()
    const { desk } = await secretDesk()
    for (const more of [[], ["--json"]]) {
      const env = new Proxy(
        {},
        {
          get: () => {
            throw new RangeError(canary.text)
          },
        },
      )
      const { code, out, err } = await desk.run(["rotate", "--status", ...more], {
        env,
        isTerminal: true,
      })
      expect(code).toBe(1)
      expect(out + err).toContain("RangeError that nobody expected")
      canary.watch([out, err])
    }
  })
})

describe("latchkey rotate", () => {
  it("rotates one by its name, tells what it does on standard error and what became of it on standard output", async () => {
    const { desk, run, canary } = await secretDesk()
    const { code, out, err } = await run(["rotate", KEY])
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^auth\/session-key: waits \(promoted\), next in \S+ s\n$/),
    ])
    expect(err).toMatch(/claimed[\s\S]*made a new value[\s\S]*parked[\s\S]*promoted\n$/)
    expect(await valueIn(desk)).not.toContain(canary.text)
  })

  it("takes the name as the store spells it, and never the name of a method for one", async () => {
    const { run } = await secretDesk()
    expect((await run(["rotate", "AUTH__SESSION_KEY", "-q"])).code).toBe(0)
    expect((await run(["rotate", "AUTH__SESSION_KEY", "--status"])).out).toContain("promoted")
    for (const name of ["toString", "__proto__", "constructor"]) {
      const { code, err } = await run(["rotate", name])
      expect([code, err]).toEqual([2, expect.stringContaining(`there are ${KEY}`)])
    }
  })

  it("says which name was probably meant", async () => {
    const { run } = await secretDesk()
    for (const name of ["auth/sesion-key", "AUTH__SESION_KEY", "auth_session_key"]) {
      const { code, err } = await run(["rotate", name])
      expect([name, code, err]).toEqual([name, 2, expect.stringContaining(`did you mean ${KEY}?`)])
    }
  })

  it("without a name rotates what is due and nothing else", async () => {
    const { desk, run, canary } = await secretDesk()
    expect(await run(["rotate"])).toMatchObject({ code: 0, out: `${KEY}: nothing to do\n` })
    expect(await valueIn(desk)).toContain(canary.text)
  })

  it("prints no progress with --quiet and with --json, and colours only for a terminal that wants them", async () => {
    const { run } = await secretDesk()
    expect((await run(["rotate", KEY, "--quiet"])).err).toBe("")
    const status = async (...[more = [], options]: [string[]?, object?]) =>
      (await run(["rotate", "--status", ...more], options)).out.includes("\u001b[")
    expect(await status()).toBe(false)
    expect(await status([], { isTerminal: true })).toBe(true)
    expect(await status([], { isTerminal: true, env: { NO_COLOR: "1" } })).toBe(false)
    expect(await status([], { isTerminal: true, env: { NO_COLOR: "" } })).toBe(true)
    expect(await status([], { isTerminal: true, env: { TERM: "dumb" } })).toBe(false)
    expect(await status(["--no-color"], { isTerminal: true })).toBe(false)
    expect(await status(["--json"], { isTerminal: true })).toBe(false)
  })

  it("goes back with --rollback as long as there is something to go back to, and otherwise ends with 2", async () => {
    const { desk, run, canary } = await secretDesk(
      undefined,
      `{ ...generatedKey({ consumers: { ...consumers, tokenLifetime: "1h" } }), verify: async () => "works" }`,
    )
    expect((await run(["rotate", KEY, "--rollback"])).code).toBe(2)
    await run(["rotate", KEY])
    expect((await run(["rotate", KEY, "--rollback"])).code).toBe(0)
    expect(await valueIn(desk)).toContain(canary.text)
  })

  it("ends with 1 when the far side refuses what was to be gone back to, and the new one stays", async () => {
    const { desk, run, canary } = await secretDesk(
      undefined,
      `{ ...generatedKey({ consumers: { ...consumers, tokenLifetime: "1h" } }), verify: async (_, { former }) => former ? "refused" : "works" }`,
    )
    await run(["rotate", KEY])
    const { code, out } = await run(["rotate", KEY, "--rollback", "--quiet"])
    expect([code, out]).toEqual([1, expect.stringContaining("the far side refuses the former credential")])
    expect(await valueIn(desk)).not.toContain(canary.text)
  })

  it("has nothing to take back when nothing is on its way, and nothing to resume: 2, and what to do", async () => {
    const { run } = await secretDesk()
    for (const flags of [["--abort"], ["--resume"], ["--resume", "--force"]]) {
      const { code, err } = await run(["rotate", KEY, ...flags])
      expect([code, err]).toEqual([
        2,
        expect.stringContaining("no rotation is on its way\n  there is nothing"),
      ])
    }
  })

  it("is done without a grace with --compromised", async () => {
    const { run } = await secretDesk()
    expect(await run(["rotate", KEY, "--compromised"])).toMatchObject({ code: 0, out: `${KEY}: rotated\n` })
  })

  it("says in a dry run what would happen, changes nothing, and ends with 1 where it could not be", async () => {
    const { desk, run, canary } = await secretDesk()
    const { code, out } = await run(["rotate", KEY, "--dry-run"])
    expect(code).toBe(0)
    expect(out).toMatch(
      /nothing was changed[\s\S]*ok {2}the secret can be read[\s\S]*1\. writes down[\s\S]*read and replace on[\s\S]*it could be rotated now\n$/,
    )
    expect(await valueIn(desk)).toContain(canary.text)

    const failing = await secretDesk(
      undefined,
      `{ ...generatedKey({ consumers }), verify() { throw new Error("${canary.text}") } }`,
    )
    const ended = await failing.run(["rotate", KEY, "--dry-run"])
    canary.watch([ended.out, ended.err])
    expect(ended.code).toBe(1)
    expect(ended.out).toMatch(/no {2}the plan cannot verify: [\s\S]*it could not be rotated now\n$/)
  })

  it("ends with 1 when a step fails, says what to do once, and the value in use stays", async () => {
    const { desk, run, canary } = await secretDesk(
      undefined,
      `{ ...generatedKey({ consumers }), create() { throw new Error("mistake") } }`,
    )
    const { code, out, err } = await run(["rotate", KEY])
    expect(code).toBe(1)
    expect(out).toMatch(
      /failed \(claimed\), next in [\s\S]*create of the plan failed \(Error\)\n[\s\S]*\$ latchkey rotate auth\/session-key\n$/,
    )
    expect(out + err).not.toContain("mistake")
    expect(out.split("what it threw is not shown").length).toBe(2)
    expect(await valueIn(desk)).toContain(canary.text)
  })

  it("ends with 3 while it is blocked, --status too, and the value that a person wrote stays", async () => {
    const { desk, run } = await secretDesk(
      undefined,
      'generatedKey({ consumers: { ...consumers, tokenLifetime: "1h" } })',
    )
    await run(["rotate", KEY])
    await desk.write(".env", `AUTH__SESSION_KEY=by-hand-by-hand\n`)
    const rollback = await run(["rotate", KEY, "--rollback"])
    expect([rollback.code, rollback.out]).toEqual([
      3,
      expect.stringContaining("blocked: a person has to look"),
    ])
    const status = await run(["rotate", "--status"])
    expect([status.code, status.out]).toEqual([
      3,
      expect.stringMatching(/blocked[\s\S]*\$ latchkey rotate auth\/session-key --abort/),
    ])
    expect((await run(["rotate"])).code).toBe(3)
    expect(await valueIn(desk)).toContain("by-hand-by-hand")
    expect((await run(["rotate", KEY, "--abort"])).code).toBe(0)
    expect(await valueIn(desk)).toContain("by-hand-by-hand")
  })

  it("stops in order when the process is asked to, ends with 6, and a later run goes on", async () => {
    const { run } = await secretDesk()
    const ending = new AbortController()
    const stopping = {
      signal: ending.signal,
      onOutput: (text: string) => text.includes("parked") && ending.abort(),
    }
    const { code, out, err } = await run(["rotate", KEY], stopping)
    expect([code, out]).toEqual([6, ""])
    expect(err).toContain("stopped before it was done\n  nothing is lost")

    expect((await run(["rotate", KEY])).out).toContain("promoted")
  })

  it("is held, with 5, where something may still be on its way, unless a person knows that it is not", async () => {
    const isMended = `process.getBuiltinModule("node:fs").existsSync(import.meta.dirname + "/mended")`
    const { desk, run } = await secretDesk(
      undefined,
      `{ ...generatedKey({ consumers }), apply: async () => { if (!${isMended}) throw new Error("no answer") } }`,
    )
    expect((await run(["rotate", KEY])).code).toBe(1)
    await desk.write("mended", "")

    const held = await run(["rotate", KEY])
    expect([held.code, held.out]).toEqual([
      5,
      expect.stringMatching(/held by another process \(parked\), next in/),
    ])
    expect(held.out).toContain("--resume --force goes on at once")
    expect((await run(["rotate"])).code).toBe(0)
    expect((await run(["rotate", KEY, "--resume", "--force"])).out).toContain("promoted")
  })

  it("begins nothing when it was asked to stop before: 6, in JSON too", async () => {
    const { desk, run, canary } = await secretDesk()
    const { code, json } = await run(["rotate", KEY, "--json"], { signal: AbortSignal.abort() })
    expect([code, json]).toEqual([6, expect.objectContaining({ kind: "error", exitCode: 6 })])
    expect(await valueIn(desk)).toContain(canary.text)
  })

  it("stops when --timeout is over, wherever it hangs, with 6", async () => {
    const hanging = [
      ["rotations: { a: {} }, store: () => new Promise(() => {})", []],
      [
        `store: "memory:", journals: () => new Promise(() => {}), rotations: { a: { plan: generatedKey({ consumers }) } }`,
        [],
      ],
      [
        `store: "memory:", rotations: { a: { plan: { ...generatedKey({ consumers }), create: ({ signal }) => new Promise((_, no) => signal.addEventListener("abort", () => no(new Error("e")))) } } }`,
        ["a"],
      ],
    ] as const
    for (const [config, names] of hanging) {
      const desk = await newDesk(`export default { ${config} }`)
      const { code, err } = await desk.run(["rotate", ...names, "--timeout", "150ms"])
      expect([code, err]).toEqual([
        6,
        expect.stringContaining("it was not done within 150ms\n  nothing is lost"),
      ])
    }
    const forever = await newDesk("export default () => new Promise(() => {})")
    expect((await forever.run(["rotate", "--timeout", "50ms"])).code).toBe(6)
  }, 20_000)

  it("refuses a timeout that is no duration before anything else", async () => {
    const { code, err } = await (await newDesk()).run(["rotate", "--timeout", "5"])
    expect([code, err]).toEqual([2, expect.stringContaining("--timeout is not a duration\n  write a number")])
  })
})
