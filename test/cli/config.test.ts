import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { newCanary } from "../support/canary.ts"
import { newDesk, oneKey } from "./terminal.ts"

const status = ["rotate", "--status"]

describe("a configuration", () => {
  it("that is not there ends with 2 and says what to write", async () => {
    const desk = await newDesk()
    const { code, out, err } = await desk.run(status)
    expect([code, out]).toEqual([2, ""])
    expect(err).toContain("there is no latchkey.config.ts in this folder or above it")
    expect(err).toContain("defineRotations")
  })

  it("that --config names and that is not there ends with 2", async () => {
    const { code, err } = await (await newDesk()).run([...status, "--config", "other.mjs"])
    expect([code, err]).toEqual([2, expect.stringContaining("there is no file other.mjs")])
  })

  it("is found in a folder above, and named by --config before that", async () => {
    const desk = await newDesk()
    await desk.write(".env", "AUTH__SESSION_KEY=a\n")
    await desk.configure(oneKey(desk.folder))
    await mkdir(join(desk.folder, "a/b"), { recursive: true })
    const below = Object.assign(await newDesk(), { folder: join(desk.folder, "a/b") })
    expect(await below.run(status)).toMatchObject({
      code: 0,
      out: expect.stringContaining("auth/session-key"),
    })
    await below.write("other.mjs", "export default 5")
    expect(await below.run([...status, "-c", "other.mjs"])).toMatchObject({ code: 2 })
    expect(await below.run([...status, "-c", join(below.folder, "other.mjs")])).toMatchObject({ code: 2 })
  })

  const wrong: readonly (readonly [what: string, text: string, says: RegExp])[] = [
    ["has a slip in its syntax", "export default {{{", /could not be loaded \(/],
    ["exports nothing by default", "export const a = 1", /exports nothing by default/],
    ["exports null", "export default null", /exports nothing by default/],
    ["imports what is not there", `import "./missing.mjs"`, /imports something that is not there/],
    [
      "has an unknown option",
      `export default { store: "memory:", rotation: {} }`,
      /does not exist|no option|unknown|rotation/,
    ],
    ["has no store", `export default defineRotations({ rotations: { a: {} } })`, /names no store/],
    [
      "has no rotations",
      `export default defineRotations({ store: "memory:", rotations: {} })`,
      /has no rotations/,
    ],
    ["has a list of rotations", `export default { store: "memory:", rotations: [{}] }`, /has no rotations/],
    [
      "has a store of no kind",
      `export default { store: "valt:x", rotations: { a: { plan: generatedKey({ consumers }) } } }`,
      /there are/,
    ],
    [
      "has a store that cannot rotate",
      `export default { store: "env:", rotations: { a: { plan: generatedKey({ consumers }) } } }`,
      /rotat/,
    ],
    ["has a plan that is none", `export default { store: "memory:", rotations: { a: { plan: 5 } } }`, /plan/],
    [
      "has a schedule that never fires",
      `export default { store: "memory:", rotations: { a: { plan: generatedKey({ consumers }), schedule: { cron: "0 0 30 2 *" } } } }`,
      /fire|never/,
    ],
  ]

  it.each(wrong)("that %s ends with 2, in words and in JSON", async (_, text, says) => {
    const desk = await newDesk(text)
    const { code, out, err } = await desk.run(["rotate"])
    expect([code, out]).toEqual([2, ""])
    expect(err).toMatch(says)
    const inJson = await desk.run(["rotate", "--json"])
    expect([inJson.code, inJson.err]).toEqual([2, ""])
    expect(inJson.json).toMatchObject({
      schema: 1,
      kind: "error",
      exitCode: 2,
      error: { message: expect.any(String) },
    })
  })

  const throwing: readonly (readonly [what: string, text: (value: string) => string])[] = [
    ["throws while it is loaded", value => `throw new TypeError("${value}")`],
    ["throws a value", value => `throw "${value}"`],
    ["throws while it makes the rotations", value => `export default () => { throw new Error("${value}") }`],
    [
      "rejects",
      value =>
        `export default async () => { throw Object.assign(new Error("${value}"), { code: "${value}" }) }`,
    ],
    [
      "throws while it opens the store",
      value => `export default { store: () => { throw new Error("${value}") }, rotations: { a: {} } }`,
    ],
    [
      "throws in its journals",
      value =>
        `export default { store: "memory:", journals: () => { throw new Error("${value}") }, rotations: { a: { plan: generatedKey({ consumers }) } } }`,
    ],
  ]

  it.each(throwing)("that %s ends with 2 and shows nothing of what it threw", async (_, text) => {
    const canary = newCanary()
    const desk = await newDesk(text(canary.text))
    for (const more of [[], ["--json"]]) {
      const { code, out, err } = await desk.run(["rotate", ...more])
      expect(code).toBe(2)
      canary.watch([out, err])
      expect(out + err).toMatch(/\((?:TypeError|Error|string)\)/)
    }
  })

  it("says which error of Node it was by its code, and in which file", async () => {
    const desk = await newDesk(`import { a } from "node:nothing"`)
    expect((await desk.run(["rotate"])).err).toMatch(
      /latchkey\.config\.mjs could not be loaded \(\w*Error, ERR_UNKNOWN_BUILTIN_MODULE\)/,
    )
  })

  it("in TypeScript, on a Node that cannot run it, says so, and of what is no module at all that", async () => {
    const desk = await newDesk()
    // What such a Node throws.
    const text = `throw Object.assign(new TypeError("Unknown file extension"), { code: "ERR_UNKNOWN_FILE_EXTENSION" })`
    await desk.configure(text, "latchkey.config.ts")
    const typed = await desk.run(["rotate"])
    expect([typed.code, typed.err]).toEqual([
      2,
      expect.stringMatching(/this Node \(v\S+\) cannot run \S+latchkey\.config\.ts\n {2}Node 22\.18/),
    ])
    await desk.configure(text, "other.mjs")
    expect((await desk.run(["rotate", "-c", "other.mjs"])).err).toContain("other.mjs is no module")
  })

  it("that lacks a package says which, and of a file of its own nothing", async () => {
    const desk = await newDesk()
    await desk.configure(`import "no-such-package"`)
    expect((await desk.run(["rotate"])).err).toMatch(
      /imports no-such-package that is not there\n {2}npm install no-such-package\n/,
    )
    await desk.configure(`import "./no-such-file.mjs"`, "other.mjs")
    const { err } = await desk.run(["rotate", "-c", "other.mjs"])
    expect(err).toMatch(/imports something that is not there/)
    expect(err).not.toMatch(/no-such-file/)
  })

  it("says what makes Node take it for CommonJS", async () => {
    const desk = await newDesk()
    await desk.write("package.json", `{ "type": "commonjs" }`)
    await desk.write(
      "latchkey.config.js",
      `throw new SyntaxError("Cannot use import statement outside a module")`,
    )
    const { code, err } = await desk.run(["rotate"])
    expect([code, err]).toEqual([2, expect.stringContaining(`set "type": "module" there`)])
    for (const manifest of ["{", "{}", "null"]) {
      await desk.write("package.json", manifest)
      await desk.write("other.js", `throw new SyntaxError("x")`)
      expect((await desk.run(["rotate", "-c", "other.js"])).err).toContain("could not be loaded (")
    }
  })

  it("says in which line a slip is, where Node says so", async () => {
    const desk = await newDesk()
    await desk.configure(`
      import { fileURLToPath } from "node:url"
      throw Object.assign(new SyntaxError("x"), { stack: fileURLToPath(import.meta.url) + ":7\\nconst = 1" })`)
    expect((await desk.run(["rotate"])).err).toContain("could not be loaded (SyntaxError, line 7)")
  })

  it("may say how long things take and where journals are, as a Rotator is told", async () => {
    const desk = await newDesk()
    await desk.write(".env", "A=1\n")
    const options = `lease: "10m", callTimeout: "5s", lookEvery: "1m", atOnce: 1`
    const config = (more: string) =>
      `export default { store: "dotenv:${desk.folder}/.env", rotations: { a: { plan: generatedKey({ consumers }) } }, ${more} }`
    await desk.configure(config(options))
    expect((await desk.run(["rotate", "--status"])).code).toBe(0)
    // A module is loaded once, so that each has a file of its own.
    for (const [index, wrong] of [
      `lease: "1s"`,
      `callTimeout: "5"`,
      `lookEvery: 1`,
      `atOnce: 0`,
      `journals: {}`,
      `journals: () => ({})`,
    ].entries()) {
      await desk.configure(config(wrong), `${index}.mjs`)
      const { code, out } = await desk.run(["rotate", "--status", "-c", `${index}.mjs`])
      expect([wrong, code, out]).toEqual([wrong, 2, ""])
    }
  })

  it("closes the store that it handed over, and calls its close() after that; what fails there changes nothing", async () => {
    const canary = newCanary()
    const desk = await newDesk(`
      import { appendFileSync } from "node:fs"
      import { memory } from ${JSON.stringify(new URL("../../providers/memory/index.ts", import.meta.url).href)}
      const log = line => appendFileSync(new URL("log", import.meta.url), line + "\\n")
      const inner = memory({ a: "1" })
      const store = { ...inner, close: async () => { await inner.close(); log("store closed"); throw new Error("${canary.text}") } }
      export default { store, rotations: { a: { plan: generatedKey({ consumers }) } }, close() { log("config closed " + typeof this.store) } }`)
    const { code, out, err } = await desk.run(["rotate", "--status"])
    const { readFile } = await import("node:fs/promises")
    expect(await readFile(join(desk.folder, "log"), "utf8")).toBe("store closed\nconfig closed object\n")
    expect(code).toBe(0)
    expect(out).toContain("never")
    expect(err).toContain("the store failed at the end (Error)")
    canary.watch([out, err])
  })
})
