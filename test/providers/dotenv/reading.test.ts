import { execFileSync } from "node:child_process"
import { chmod, mkdir, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import fc from "fast-check"
import { dotenv, fromUrl, readDotenv } from "latchkey/dotenv"
import { describe, expect, it } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild } from "../../support/child.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { badNames, calm, errorOf, names, oddValues, reveal } from "../calls.ts"
import { failing } from "../file-system.ts"
import { newFolder, newPath, oldFile, writeFresh, writeOld } from "../files.ts"

describe("secrets in a .env", () => {
  it("reads a portable name as the entry with double underscores, whatever else stands in the file", async () => {
    const path = await oldFile("# Tally\nexport TALLY__API_TOKEN='tly-1' # from the dashboard\nOTHER: x\n")
    const store = dotenv(path)
    expect(await reveal(store, "tally/api-token")).toBe("tly-1")
    expect(await reveal(store, "other")).toBe("x")
    expect(store.location).toBe(`dotenv:${path}`)
  })

  it.each(oddValues)("reads back %s that was written, and shows nothing of it", async (_, value) => {
    const canary = newCanary()
    const path = await newPath()
    const store = canary.watch(dotenv({ path, optional: true }))
    await store.write("a", value, calm)
    await store.write("b", canary.text, calm)
    expect(await reveal(store, "a")).toBe(value)
    expect(await reveal(dotenv(path), "b")).toBe(canary.text)
    expectNoLeak(canary, store)
  })

  it("understands a byte-order mark, Windows lines, doubled names and colons", async () => {
    const store = dotenv(await oldFile("\uFEFFA=1\r\nB='x\r\ny'\r\nA=2\r\nC: 3\r\n"))
    expect(await reveal(store, "a")).toBe("2")
    expect(await reveal(store, "b")).toBe("x\ny")
    expect(await reveal(store, "c")).toBe("3")
  })

  it("gives an entry whose quotation mark is never closed as the parser does, and no other entry with it", async () => {
    const store = dotenv(await oldFile("A='1\nB=2\n"))
    expect(await reveal(store, "a")).toBe("'1")
    expect(await reveal(store, "b")).toBe("2")
  })

  it("does not take names from the prototype of objects", async () => {
    const store = dotenv(await oldFile("__proto__=x\nA=1\n"))
    expect((await errorOf(store.read("constructor", calm))).code).toBe("NOT_FOUND")
    expect((await errorOf(store.read("__proto__", calm))).code).toBe("INVALID_NAME")
    expect(await names(store.list(calm))).toEqual(["a"])
  })

  it("says for a missing one what to add to which file", async () => {
    const path = await oldFile("A=1\n")
    const error = await errorOf(dotenv(path).read("tally/api-token", calm))
    expect(error).toMatchObject({ code: "NOT_FOUND", secret: "tally/api-token", store: `dotenv:${path}` })
    expect(error.hint).toContain(`TALLY__API_TOKEN=`)
  })

  it.each(badNames)("refuses the name %j", async name => {
    const store = dotenv(await oldFile(""))
    expect((await errorOf(store.read(name, calm))).code).toBe("INVALID_NAME")
    expect((await errorOf(store.write(name, "x", calm))).code).toBe("INVALID_NAME")
  })

  it("prints nothing and leaves process.env as it is", async () => {
    const path = await oldFile("LATCHKEY_TEST_ONLY=1\nDOTENV_CONFIG_DEBUG=true\nNODE_ENV=other\n")
    const ended = await runChild(
      `import { dotenv } from "latchkey/dotenv"
       const before = JSON.stringify(process.env)
       const store = dotenv(process.argv[1])
       const { value } = await store.read("LATCHKEY_TEST_ONLY", { signal: AbortSignal.timeout(15_000) })
       process.exitCode = value === "1" && JSON.stringify(process.env) === before ? 7 : 1`,
      { args: [path], env: { DOTENV_CONFIG_DEBUG: "true", DOTENV_DEBUG: "true" } },
    )
    expect(ended).toMatchObject({ code: 7, stdout: "", stderr: "" })
  })

  it("answers many names from one look at the file", async () => {
    const path = await newPath()
    const clock = checkedFakeClock()
    await writeFresh(path, "A=1\nB=2\n", clock)
    const reading = dotenv({ path, clock }).readMany(["a", "b", "c"], calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    await clock.advance("50ms")
    const answers = await reading
    expect([answers.get("a"), answers.get("b")]).toMatchObject([{ value: "1" }, { value: "2" }])
    expect(answers.get("c")).toMatchObject({ code: "NOT_FOUND", secret: "c" })
  })

  it("gives a version that stays while the value does", async () => {
    const path = await oldFile("A=1\nB=1\n")
    const store = dotenv(path)
    const first = (await store.read("a", calm)).version
    await writeFile(path, "A=1\nB=2\n")
    expect((await store.read("a", calm)).version).toBe(first)
    await writeFile(path, "A=2\n")
    expect((await store.read("a", calm)).version).not.toBe(first)
    expect((await dotenv(path).read("a", calm)).version).not.toBe(first)
  })

  it("looks below a prefix, and at renamed entries beside it", async () => {
    const path = await oldFile("BILLING__TOKEN=1\nTOKEN=2\nTALLY_KEY=3\nlower=4\n")
    const store = dotenv({ path, prefix: "billing", rename: { "tally/api-token": "TALLY_KEY" } })
    expect(await reveal(store, "token")).toBe("1")
    expect(await names(store.list(calm))).toEqual(["tally/api-token", "token"])
    expect(await names(dotenv(path).list(calm))).toEqual(["billing/token", "tally-key", "token"])
  })

  it("maps names one to one, and back again when it lists", async () => {
    const path = await newPath()
    const segment = fc.stringMatching(/^[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3}){0,2}$/)
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map(all => all.join("/"))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 8 }), async wanted => {
        const good = wanted.filter(one => !/[-/]file$/.test(one) && !/^latchkey(\/|$)/.test(one))
        const variable = (one: string) => one.replaceAll("/", "__").replaceAll("-", "_").toUpperCase()
        await writeOld(path, good.map(one => `${variable(one)}=${one}\n`).join(""))
        const store = dotenv(path)
        const answers = await store.readMany(good, calm)
        expect(good.filter(one => (answers.get(one) as { value?: unknown }).value !== one)).toEqual([])
        expect(await names(store.list(calm))).toEqual([...good].sort())
      }),
    )
  })
})

describe("a .env that is not as it should be", () => {
  const opened = async (path: string) => {
    const store = dotenv(path)
    const errors = [await errorOf(store.ping(calm)), await errorOf(store.read("a", calm))]
    expect(errors[0]?.code).toBe(errors[1]?.code)
    return errors[1]
  }

  it("is misconfigured if it is missing, a folder, a pipe, or has no folder", async () => {
    const folder = await newFolder()
    expect((await opened(join(folder, "none")))?.message).toContain("does not exist")
    expect((await opened(folder))?.message).toContain("is a folder")
    expect((await opened(join(await oldFile(""), "below")))?.message).toContain("does not exist")
    expect((await opened(join(folder, "none/.env")))?.code).toBe("MISCONFIGURED")
    execFileSync("mkfifo", [join(folder, "pipe")])
    expect((await opened(join(folder, "pipe")))?.message).toContain("no regular file")
  })

  it("is misconfigured if this process may not read it", async () => {
    const canary = newCanary()
    const path = await oldFile(`A=${canary.text}\n`)
    await chmod(path, 0)
    await chmod(dirname(path), 0o755)
    // The superuser reads everything, so somebody else has to try.
    const ended = await runChild(
      `import { dotenv } from "latchkey/dotenv"
       const store = dotenv(process.argv[1])
       if (process.getuid() === 0) { await store.ping({ signal: AbortSignal.timeout(15_000) }); process.setuid(65534) }
       const fresh = dotenv(process.argv[1])
       for (const one of [store, fresh]) {
         await one.read("a", { signal: AbortSignal.timeout(15_000) }).catch(error => console.log(error.code, error.message))
       }`,
      { args: [path] },
    )
    const lines = ended.stdout.trim().split("\n")
    expect(lines.at(-1)).toMatch(/^MISCONFIGURED .*may not be read by this process/)
    if (process.getuid?.() === 0) expect(lines[0]).toMatch(/^UNAVAILABLE /)
    expectNoLeak(canary, ended)
  })

  it.each([
    ["bytes that are no UTF-8", (canary: Uint8Array) => Buffer.concat([Buffer.from("A="), canary])],
    [
      "UTF-16",
      (canary: Uint8Array) => Buffer.from(`\uFEFFA=${Buffer.from(canary).toString("hex")}`, "utf16le"),
    ],
  ])("is an invalid value if it holds %s, and gives no garbage", async (_, content) => {
    const canary = newCanary()
    const path = await oldFile(content(canary.bytes))
    const error = await opened(path)
    expect(error).toMatchObject({ code: "INVALID_VALUE" })
    expect(error?.message).toContain("not UTF-8")
    expect((await errorOf(dotenv(path).write("a", "x", calm))).code).toBe("INVALID_VALUE")
    expectNoLeak(canary, error)
  })

  it("is an invalid value where the parser gives up, and not a crash", async () => {
    const error = await opened(await oldFile(`A='${"x".repeat(9 * 2 ** 20)}'\n`))
    expect(error).toMatchObject({ code: "INVALID_VALUE" })
    expect(error?.message).toContain("too long")
  })

  it.each(["EMFILE", "EIO"])("is unavailable where %s says something about the moment only", async code => {
    const path = await oldFile("A=1\n")
    failing("open", code, opened => opened === path)
    const error = await errorOf(dotenv(path).read("a", calm))
    expect(error).toMatchObject({ code: "UNAVAILABLE", transient: true })
    expect(error.message).toContain(code)
  })

  it("may be missing if that is allowed, but is unavailable once it was there and is not", async () => {
    const path = await newPath()
    const store = dotenv({ path, optional: true })
    await store.ping(calm)
    expect((await errorOf(store.read("a", calm))).code).toBe("NOT_FOUND")
    await writeOld(path, "A=1\n")
    expect(await reveal(store, "a")).toBe("1")
    await rm(path)
    expect(await errorOf(store.read("a", calm))).toMatchObject({ code: "UNAVAILABLE", transient: true })
    expect((await errorOf(store.ping(calm))).code).toBe("UNAVAILABLE")
    expect((await errorOf(store.write("a", "2", calm))).code).toBe("UNAVAILABLE")
    const answers = await store.readMany(["a"], calm)
    expect(answers.get("a")).toMatchObject({ code: "UNAVAILABLE", secret: "a" })
  })

  it("must be a file even if it may be missing", async () => {
    const store = dotenv({ path: await newFolder(), optional: true })
    expect((await errorOf(store.ping(calm))).code).toBe("MISCONFIGURED")
  })

  it("is unavailable, and withdraws nothing, once it was there and is gone or a folder", async () => {
    const path = await oldFile("A=1\n")
    const store = dotenv(path)
    await store.ping(calm)
    await rm(path)
    expect((await errorOf(store.read("a", calm))).code).toBe("UNAVAILABLE")
    await mkdir(path)
    expect((await errorOf(store.read("a", calm))).code).toBe("UNAVAILABLE")
    expect((await errorOf(async () => await names(store.list(calm)))).code).toBe("UNAVAILABLE")
  })
})

describe("several .env files", () => {
  const two = async (first: string, second: string) => {
    const folder = await newFolder()
    const paths = [join(folder, ".env.local"), join(folder, ".env")]
    await writeOld(paths[0] as string, first)
    await writeOld(paths[1] as string, second)
    return paths
  }

  it("are read in their order: the first that has a secret wins", async () => {
    const store = dotenv(await two("A=1\n", "A=2\nB=3\n"))
    expect([await reveal(store, "a"), await reveal(store, "b")]).toEqual(["1", "3"])
    expect(await names(store.list(calm))).toEqual(["a", "b"])
  })

  it("give the second one's back when the first one's is taken out", async () => {
    const paths = await two("A=1\n", "A=2\n")
    const store = dotenv(paths)
    await reveal(store, "a")
    await writeFile(paths[0] as string, "")
    expect(await reveal(store, "a")).toBe("2")
  })

  it("do not let the second answer for a first that cannot be read", async () => {
    const paths = await two("A=1\n", "A=2\n")
    const store = dotenv(paths)
    await store.ping(calm)
    await rm(paths[0] as string)
    expect((await errorOf(store.read("a", calm))).code).toBe("UNAVAILABLE")
  })

  it("let the first answer while the second cannot be read", async () => {
    const paths = await two("A=1\n", "B=2\n")
    const store = dotenv(paths)
    await store.ping(calm)
    await rm(paths[1] as string)
    const answers = await store.readMany(["a", "b"], calm)
    expect([answers.get("a"), answers.get("b")]).toMatchObject([{ value: "1" }, { code: "UNAVAILABLE" }])
  })
})

describe("an entry that names a file", () => {
  it("is the content of that file, relative to the folder of the .env", async () => {
    const path = await oldFile("TALLY__API_TOKEN_FILE=secrets/token\n")
    await mkdir(join(dirname(path), "secrets"))
    await writeOld(join(dirname(path), "secrets/token"), "tly-1\n")
    const store = dotenv(path)
    expect(await reveal(store, "tally/api-token")).toBe("tly-1")
    expect(await names(store.list(calm))).toEqual(["tally/api-token"])
    await rm(join(dirname(path), "secrets/token"))
    expect((await errorOf(store.read("tally/api-token", calm))).code).toBe("UNAVAILABLE")
  })

  it("must not stand beside the entry itself, nor lead nowhere; what it holds is not shown", async () => {
    const canary = newCanary()
    const store = dotenv(await oldFile(`A=1\nA_FILE=x\nB_FILE=${canary.text}\n`))
    const errors = [await errorOf(store.read("a", calm)), await errorOf(store.read("b", calm))]
    expect(errors.map(error => error.code)).toEqual(["MISCONFIGURED", "MISCONFIGURED"])
    expectNoLeak(canary, errors)
  })

  it("hides the same secret in the files behind", async () => {
    const first = await oldFile("A_FILE=value\n")
    await writeOld(join(dirname(first), "value"), "1")
    expect(await reveal(dotenv([first, await oldFile("A=2\n")]), "a")).toBe("1")
  })
})

describe("readDotenv", () => {
  it("gives all entries of a file", async () => {
    const entries = await readDotenv(await oldFile("PORT=3000\nexport BASE_URL='https://x' # y\n"))
    expect(entries).toEqual({ PORT: "3000", BASE_URL: "https://x" })
  })

  it("refuses a file that is missing, and what is no path", async () => {
    expect((await errorOf(readDotenv(await newPath()))).code).toBe("MISCONFIGURED")
    expect((await errorOf(readDotenv(""))).code).toBe("MISCONFIGURED")
  })

  it("waits for a file that is being written, and ends with its signal", async () => {
    const path = await newPath()
    const clock = checkedFakeClock()
    await writeFresh(path, "A=1\n", clock)
    const controller = new AbortController()
    const reading = readDotenv(path, { clock, signal: controller.signal })
    await eventually(() => expect(clock.pending).toHaveLength(1))
    controller.abort()
    expect((await errorOf(reading)).code).toBe("ABORTED")
  })
})

describe("the options of dotenv", () => {
  it.each([
    [{ path: [] }],
    [{ path: "" }],
    [{ path: "a\0b" }],
    [{ path: ["a", "a"] }],
    [{ path: 1 }],
    [{ optional: "yes" }],
    [{ ttl: "5m" }],
    [{ prefix: "Not/Portable" }],
    [{ rename: { a: "1-x" } }],
  ])("refuse %j", async options => {
    expect((await errorOf(() => dotenv(options as object))).code).toBe("MISCONFIGURED")
  })

  it("name .env if nothing else is said", () => {
    expect(dotenv().location).toBe("dotenv:.env")
  })

  it("come from a URL", () => {
    expect(fromUrl(new URL("dotenv:.env"), {})).toMatchObject({ path: [".env"], optional: false })
    expect(fromUrl(new URL("dotenv:/etc/app/.env?prefix=billing"), {})).toMatchObject({
      path: ["/etc/app/.env"],
      prefix: "billing",
    })
    expect(fromUrl(new URL("dotenv:a%2Cb%20c+d,e?optional=true&rename.a/b=C"), {})).toMatchObject({
      path: ["a,b c+d", "e"],
      optional: true,
      rename: { "a/b": "C" },
    })
  })

  it.each([
    "dotenv:.env?optional=1",
    "dotenv:.env?optional=true&optional=true",
    "dotenv:.env?quiet=true",
    "dotenv:%zz",
  ])("refuse %s", async url => {
    expect((await errorOf(() => fromUrl(new URL(url), {}))).code).toBe("MISCONFIGURED")
  })
})

describe("the location of a .env", () => {
  it.each([
    [".env", "dotenv:.env"],
    ["/etc/app/.env", "dotenv:/etc/app/.env"],
    ["../a b/.env", "dotenv:../a%20b/.env"],
    [[".env.local", "a,b"], "dotenv:.env.local,a%2Cb"],
    ["a\n\u001b[31m", "dotenv:a%0A%1B[31m"],
  ])("of %j is %s", (path, location) => {
    expect(dotenv({ path, optional: true }).location).toBe(location)
  })

  it("is a URL that leads to the same files", () => {
    const character = fc.constantFrom(..."aB.é~-_/\\,%?#+&= :@\n\t\r\u0001\u2028'\"`<>{}|^[]".split(""))
    const path = fc.string({
      unit: fc.oneof(character, fc.string({ minLength: 1, maxLength: 1 })),
      minLength: 1,
    })
    const paths = fc.uniqueArray(
      path.filter(one => !one.includes("\0")),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(paths, wanted => {
        const { location } = dotenv({ path: wanted })
        const options = fromUrl(new URL(location), {})
        expect(options.path).toEqual(wanted)
        expect(dotenv(options).location).toBe(location)
      }),
      { numRuns: 1_000 },
    )
  })
})
