import { mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import fc from "fast-check"
import { env, fromUrl } from "latchkey/env"
import { describe, expect, it } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { badNames, calm, errorOf, names, oddValues, reveal } from "../calls.ts"
import { newFolder, newPath, oldFile, writeOld } from "../files.ts"

describe("secrets in environment variables", () => {
  it("reads a portable name as the variable with double underscores", async () => {
    const store = env({ env: { TALLY__API_TOKEN: "tly-1" } })
    expect(await reveal(store, "tally/api-token")).toBe("tly-1")
    expect(await reveal(store, "TALLY__API_TOKEN")).toBe("tly-1")
    expect(store.canonical("TALLY__API_TOKEN")).toBe("tally/api-token")
  })

  it("reads what is set now, not what was set when it was made", async () => {
    const record: Record<string, string> = { A: "1" }
    const store = env({ env: record })
    const before = await store.read("a", calm)
    record.A = "2"
    const after = await store.read("a", calm)
    const again = await store.read("a", calm)
    expect([before.value, after.value]).toEqual(["1", "2"])
    expect(after.version).not.toBe(before.version)
    expect(again.version).toBe(after.version)
  })

  it("reads process.env where nothing else is given", async () => {
    expect(await reveal(env(), "PATH")).toBe(process.env.PATH)
  })

  it.each(oddValues)("gives %s back as it is", async (_, value) => {
    const canary = newCanary()
    const store = canary.watch(env({ env: { A: value, B: canary.text + value } }))
    expect(await reveal(store, "a")).toBe(value)
    expect(await reveal(store, "b")).toBe(canary.text + value)
  })

  it("says for a missing one what to set", async () => {
    const error = await errorOf(env({ env: { A: undefined } }).read("a", calm))
    expect(error).toMatchObject({ code: "NOT_FOUND", secret: "a", store: "env:" })
    expect(error.hint).toBe("set A in the environment")
  })

  it("reads in a folder that was removed, unless a path starts from there", async () => {
    const folder = await newFolder()
    const home = process.cwd()
    process.chdir(folder)
    try {
      await rm(folder, { recursive: true })
      const path = await oldFile("2")
      const store = env({ env: { A: "1", B_FILE: path, C_FILE: "c" } })
      expect([await reveal(store, "a"), await reveal(store, "b")]).toEqual(["1", "2"])
      expect((await errorOf(store.read("c", calm))).code).toBe("UNAVAILABLE")
    } finally {
      process.chdir(home)
    }
  })

  it("takes nothing from the prototype of the record", async () => {
    const store = env({ env: Object.create({ A: "inherited" }) })
    expect((await errorOf(store.read("a", calm))).code).toBe("NOT_FOUND")
    expect((await errorOf(store.read("constructor", calm))).code).toBe("NOT_FOUND")
  })

  it.each(badNames)("refuses the name %j", async name => {
    expect((await errorOf(env({ env: {} }).read(name, calm))).code).toBe("INVALID_NAME")
  })

  it.each([
    "MyApp/Prod",
    "1ST",
    "A-B",
    "TOKEN_FILE",
    "token-file",
  ])("refuses %s, which no variable can be called", async name => {
    const error = await errorOf(env({ env: {} }).read(name, calm))
    expect(error.code).toBe("INVALID_NAME")
    expect(error.hint).toContain("environment variable")
  })

  it("maps names one to one, and back again when it lists", async () => {
    const segment = fc.stringMatching(/^[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3}){0,2}$/)
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map(all => all.join("/"))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 8 }), async wanted => {
        const good = wanted.filter(one => !/[-/]file$/.test(one) && !/^latchkey(\/|$)/.test(one))
        const record: Record<string, string> = {}
        for (const one of good) record[one.replaceAll("/", "__").replaceAll("-", "_").toUpperCase()] = one
        const store = env({ env: record })
        for (const one of good) expect(await reveal(store, one)).toBe(one)
        expect(await names(store.list(calm))).toEqual([...good].sort())
      }),
    )
  })

  it("lists what can be read, by the names that lead there", async () => {
    const store = env({
      env: {
        TALLY__API_TOKEN: "1",
        DB_FILE: "/x",
        http_proxy: "2",
        home: "3",
        "with.dot": "4",
        GONE: undefined,
      },
    })
    const listed = await names(store.list(calm))
    // "home" would mean HOME.
    expect(listed).toEqual(["db", "http_proxy", "tally/api-token"])
    expect(await reveal(store, "http_proxy")).toBe("2")
    expect(await names(store.list({ ...calm, under: "tally" }))).toEqual(["tally/api-token"])
  })

  it("looks below a prefix, and at renamed variables beside it", async () => {
    const store = env({
      env: { BILLING__TOKEN: "1", TOKEN: "2", TALLY_KEY: "3" },
      prefix: "billing",
      rename: { "tally/api-token": "TALLY_KEY" },
    })
    expect(await reveal(store, "token")).toBe("1")
    expect(await reveal(store, "tally/api-token")).toBe("3")
    expect(await names(store.list(calm))).toEqual(["tally/api-token", "token"])
  })

  it("refuses options that do not exist, and shows none of them", async () => {
    const canary = newCanary()
    const options = { [`x${canary.text}`]: canary.text } as object
    const error = await errorOf(() => env(options))
    expect(error.code).toBe("MISCONFIGURED")
    expect(error.hint).toContain("env, clock, prefix, rename")
    expectNoLeak(canary, error)
    expect((await errorOf(() => env(null as unknown as object))).code).toBe("MISCONFIGURED")
  })

  it("does not write, read older versions or answer an aborted call", async () => {
    const store = env({ env: { A: "1" } })
    expect(store).not.toHaveProperty("write")
    expect((await errorOf(store.read("a", { ...calm, version: "x" }))).code).toBe("UNSUPPORTED")
    expect((await errorOf(store.read("a", { signal: AbortSignal.abort() }))).code).toBe("ABORTED")
    await store.ping(calm)
    await store.close()
  })
})

describe("a variable that names a file", () => {
  it("is the content of that file, without one newline at its end", async () => {
    const contents = ["x", "x\n", "x\r\n", "x\n\n", "\n", "", " x \n", "a\nb\n"]
    const read = await Promise.all(
      contents.map(async content => reveal(env({ env: { A_FILE: await oldFile(content, "value") } }), "a")),
    )
    expect(read).toEqual(["x", "x", "x", "x\n", "", "", " x ", "a\nb"])
  })

  it("may be relative to the folder in which the process is", async () => {
    const path = relative(process.cwd(), await oldFile("x", "value"))
    expect(await reveal(env({ env: { A_FILE: path } }), "a")).toBe("x")
  })

  it("may hold bytes that are no text", async () => {
    const bytes = Uint8Array.of(0xff, 0, 0x0a)
    const value = await reveal(env({ env: { A_FILE: await oldFile(bytes, "value") } }), "a")
    expect(value).toEqual(bytes.subarray(0, 2))
  })

  it("must not stand beside the variable itself, not even beside an empty one", async () => {
    const canary = newCanary()
    for (const value of [canary.text, ""]) {
      const error = await errorOf(env({ env: { A: value, A_FILE: `/${canary.text}` } }).read("a", calm))
      expect(error).toMatchObject({ code: "MISCONFIGURED", secret: "a" })
      expect(error.message).toContain("both A and A_FILE are set")
      expectNoLeak(canary, error)
    }
  })

  it("is misconfigured if the file was never there, and the message does not show what it holds", async () => {
    const canary = newCanary()
    // A token in the wrong variable is the slip that this is about.
    const error = await errorOf(env({ env: { A_FILE: canary.text } }).read("a", calm))
    expect(error).toMatchObject({ code: "MISCONFIGURED", secret: "a", transient: false })
    expect(error.message).toContain("the file that A_FILE names does not exist")
    expectNoLeak(canary, error)
  })

  it("is misconfigured if it is empty, a folder, or a path through a file", async () => {
    const folder = await newFolder()
    const file = await oldFile("x")
    for (const path of ["", folder, join(file, "below")]) {
      expect((await errorOf(env({ env: { A_FILE: path } }).read("a", calm))).code).toBe("MISCONFIGURED")
    }
  })

  it("is misconfigured if it is a symbolic link in a circle, and tells the system's name for that", async () => {
    const path = await newPath("loop")
    await symlink(path, path)
    const error = await errorOf(env({ env: { A_FILE: path } }).read("a", calm))
    expect(error.code).toBe("MISCONFIGURED")
    expect(error.message).toContain("ELOOP")
  })

  it("is unavailable, and not gone, if the file was read before and vanishes, or becomes a folder", async () => {
    const path = await oldFile("x")
    const store = env({ env: { A_FILE: path } })
    expect(await reveal(store, "a")).toBe("x")
    await rm(path)
    expect(await errorOf(store.read("a", calm))).toMatchObject({ code: "UNAVAILABLE", transient: true })
    await mkdir(path)
    expect((await errorOf(store.read("a", calm))).code).toBe("UNAVAILABLE")
    await rm(path, { recursive: true })
    await writeOld(path, "y")
    expect(await reveal(store, "a")).toBe("y")
  })

  it("does not give half of a value that is being written", async () => {
    const clock = checkedFakeClock(new Date())
    const path = await oldFile("old")
    const store = env({ env: { A_FILE: path }, clock })
    expect(await reveal(store, "a")).toBe("old")
    await writeFile(path, "ne")
    const reading = reveal(store, "a")
    await eventually(() => expect(clock.pending).toHaveLength(1))
    await writeFile(path, "new")
    await clock.advance("50ms")
    await eventually(() => expect(clock.pending).toHaveLength(1))
    await clock.advance("50ms")
    expect(await reading).toBe("new")
  })
})

describe("the URL env:", () => {
  const record = { A: "1", B: "2" }

  it("takes a prefix and renamings", () => {
    expect(fromUrl(new URL("env:?prefix=billing&rename.tally/api-token=A"), record)).toEqual({
      env: record,
      prefix: "billing",
      rename: { "tally/api-token": "A" },
    })
  })

  it.each([
    "env:x",
    "env:/x",
    "env://host",
    "env:?optional=true",
    "env:#a",
    "env:?prefix=a&prefix=b",
  ])("refuses %s", async url => {
    expect((await errorOf(() => fromUrl(new URL(url), record))).code).toBe("MISCONFIGURED")
  })
})
