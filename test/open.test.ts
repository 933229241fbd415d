import { mkdir, readdir, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { openSecrets, openStore, SecretError, type SecretStore } from "latchkey"
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { calm, errorOf, reveal } from "./providers/calls.ts"
import { failing } from "./providers/file-system.ts"
import { newFolder, newPath, oldFile, writeFresh, writeOld } from "./providers/files.ts"
import { expectNoLeak, newCanary } from "./support/canary.ts"
import { runChild } from "./support/child.ts"
import { checkedFakeClock } from "./support/clock.ts"
import { eventually } from "./support/eventually.ts"
import { opened } from "./support/opening.ts"

const home = process.cwd()
afterEach(() => process.chdir(home))

describe("opening a store by URL", () => {
  it("opens the environment", async () => {
    const store = await openStore("env:", { env: { TALLY__API_TOKEN: "1" } })
    expect(store.kind).toBe("env")
    expect(await reveal(store, "tally/api-token")).toBe("1")
  })

  it("opens the environment of this process if it is given none", async () => {
    expect(await reveal(await openStore("env:"), "PATH")).toBe(process.env.PATH)
  })

  it("opens a .env by its relative and by its absolute path", async () => {
    const path = await oldFile("A=1\n")
    expect(await reveal(await openStore(`dotenv:${path}`), "a")).toBe("1")
    expect(await reveal(await openStore(`dotenv://${path}`), "a")).toBe("1")
    process.chdir(dirname(path))
    const store = await openStore("dotenv:.env")
    expect(store.location).toBe("dotenv:.env")
    process.chdir(home)
    expect(await reveal(store, "a")).toBe("1")
  })

  it("opens several .env files, the first of which wins", async () => {
    const folder = await newFolder()
    await writeOld(join(folder, "a,b"), "A=1\n")
    await writeOld(join(folder, "c+d e"), "A=2\nB=3\n")
    const store = await openStore(`dotenv:${folder}/a%2Cb,${folder}/c+d e`)
    expect([await reveal(store, "a"), await reveal(store, "b")]).toEqual(["1", "3"])
  })

  it("opens memory", async () => {
    const store = await openStore("memory:")
    await store.write?.("a", "1", calm)
    expect(await reveal(store, "a")).toBe("1")
  })

  it("opens layers, whose URLs may have parameters of their own", async () => {
    const path = await oldFile("PROD__A=1\nTOKEN=2\n")
    const url = `layered:?store=env:&store=dotenv:${path}?prefix=prod%26rename.b=TOKEN`
    const store = await openStore(url, { env: { C: "3" } })
    expect([await reveal(store, "a"), await reveal(store, "b"), await reveal(store, "c")]).toEqual([
      "1",
      "2",
      "3",
    ])
    expect(store.location).toBe(`layered:?store=env:&store=dotenv:${path}`)
  })

  it("gives every store a prefix and renamings", async () => {
    const path = await oldFile("PROD__A=1\nTALLY_KEY=2\n")
    const parameters = "?prefix=prod&rename.tally/api-token=TALLY_KEY"
    const env = { PROD__A: "1", TALLY_KEY: "2" }
    for (const url of [`env:${parameters}`, `dotenv:${path}${parameters}`]) {
      const store = await openStore(url, { env })
      expect([await reveal(store, "a"), await reveal(store, "tally/api-token")]).toEqual(["1", "2"])
    }
    expect(await reveal(await openStore("layered:?store=env:&prefix=prod", { env }), "a")).toBe("1")
    const memory = await openStore("memory:?prefix=prod")
    await memory.write?.("a", "x", calm)
    expect(await reveal(memory, "a")).toBe("x")
  })

  it("asks the store whether it is there", async () => {
    const path = await newPath()
    const error = await errorOf(openStore(`dotenv:${path}`))
    expect(error).toMatchObject({ code: "MISCONFIGURED", store: `dotenv:${path}` })
    expect((await errorOf(openStore(`dotenv:${dirname(path)}`))).code).toBe("MISCONFIGURED")
    expect((await errorOf(openStore(`layered:?store=env:&store=dotenv:${path}`))).code).toBe("MISCONFIGURED")
    await openStore(`dotenv:${path}?optional=true`)
    expect((await errorOf(openStore("env:", { signal: AbortSignal.abort() }))).code).toBe("ABORTED")
  })

  it("gives back what was opened in vain, and tells what went wrong first", async () => {
    const closed: string[] = []
    const ping = vi.fn(async () => {})
    vi.doMock("../providers/memory/index.ts", async original => {
      const real = await original<typeof import("../providers/memory/index.ts")>()
      const memory = (...rest: Parameters<typeof real.memory>): SecretStore => ({
        ...real.memory(...rest),
        ping,
        async close() {
          closed.push("memory")
          throw new Error("this fails, too")
        },
      })
      return { ...real, memory }
    })
    onTestFinished(() => vi.doUnmock("../providers/memory/index.ts"))
    const bad = "evn:"
    expect((await errorOf(openStore(`layered:?store=memory:&store=memory:&store=${bad}`))).message).toContain(
      bad,
    )
    expect(closed).toEqual(["memory", "memory"])
    ping.mockRejectedValue(new SecretError("DENIED"))
    for (const open of [openStore, openSecrets])
      expect(await errorOf(open("memory:"))).toMatchObject({ code: "DENIED", store: "memory:" })
    expect(closed).toHaveLength(4)
  })

  it("hands the clock on to what waits for a file to come to rest", async () => {
    const path = await newPath()
    const clock = checkedFakeClock()
    await writeFresh(path, "A=1\n", clock)
    const opening = openStore(`layered:?store=dotenv:${path}`, { clock })
    await eventually(() => expect(clock.pending).toHaveLength(2))
    await clock.advance("50ms")
    expect(await reveal(await opening, "a")).toBe("1")
    expect(clock.pending).toEqual([])
  })

  it("does not wait longer than 5 seconds, nor longer than its signal allows, for a file without rest", async () => {
    const path = await newPath()
    const clock = checkedFakeClock()
    await writeFresh(path, "A=0\n", clock)
    const opening = errorOf(openStore(`dotenv:${path}`, { clock }))
    let ended: unknown
    void opening.then(error => {
      ended = error
    })
    for (let round = 1; ended === undefined; round++) {
      await eventually(() => expect(clock.pending.length === 2 || ended !== undefined).toBe(true))
      await writeFile(path, `A=${round}\n`)
      await clock.advance("50ms")
      expect(round).toBeLessThan(110)
    }
    expect(await opening).toMatchObject({ code: "TIMEOUT", store: `dotenv:${path}` })

    await writeFresh(path, "A=0\n", clock)
    const controller = new AbortController()
    const leaving = errorOf(openStore(`dotenv:${path}`, { clock, signal: controller.signal }))
    await eventually(() => expect(clock.pending).toHaveLength(2))
    controller.abort()
    expect((await leaving).code).toBe("ABORTED")
    expect(clock.pending).toEqual([])
  })

  it.each([
    "",
    "x",
    ".env",
    "/etc/.env",
    "toString:",
    "constructor:x",
    "https://example.com",
    "postgres://h/db",
    "//x",
  ])("refuses %j, and lists what there is", async url => {
    const error = await errorOf(openStore(url))
    expect(error).toMatchObject({ code: "MISCONFIGURED" })
    expect(error.hint).toContain("env:, dotenv:, memory:, layered:")
  })

  it("refuses what is no text", async () => {
    expect((await errorOf(openStore(undefined as unknown as string))).code).toBe("MISCONFIGURED")
    expect((await errorOf(openStore("env:", { environment: {} } as object))).hint).toContain(
      "env, clock, signal",
    )
  })

  it.each([
    ["env:?optional=true", "prefix, rename.<name>"],
    ["dotenv:.env?quiet=true", "prefix, rename.<name>, optional"],
    ["memory:?a=1", "prefix, rename.<name>"],
    ["layered:?stores=env:", "prefix, rename.<name>, store"],
  ])("refuses the unknown parameter in %s, and lists those that exist", async (url, hint) => {
    const error = await errorOf(openStore(url))
    expect(error).toMatchObject({ code: "MISCONFIGURED" })
    expect(error.hint).toContain(hint)
  })

  it.each([
    "layered:",
    "layered:x?store=env:",
    "env:?prefix=a&prefix=b",
    "env:?rename.a=B&rename.a=C",
    "env:?prefix=Not/Portable",
    "env:?prefix=%zz",
    "dotenv:%zz",
    "dotenv:",
    "dotenv:a,,b",
    "dotenv://host/.env",
    "dotenv:.env#a",
    "layered:?store=env:&store=layered:",
  ])("refuses %s", async url => {
    expect((await errorOf(openStore(url))).code).toBe("MISCONFIGURED")
  })

  it("refuses a credential in any URL, and quotes none", async () => {
    const canary = newCanary()
    const urls = [
      `vault://user:${canary.text}@127.0.0.1:8200/secret`,
      `vault://${canary.text}@127.0.0.1:8200/secret`,
      ...["token", "password", "client_secret", "key", "api-key", "apiKey", "sig", "X-Amz-Signature"].flatMap(
        name => [`vault://127.0.0.1?${name}=${canary.text}`, `env:?${name}=${canary.text}`],
      ),
      `layered:?store=env:&store=dotenv:.env%3Fpassword=${canary.text}`,
      `layered:?store=postgres://user:${canary.text}@host`,
    ]
    for (const url of urls) {
      const error = await errorOf(openStore(url))
      expect(error.code).toBe("MISCONFIGURED")
      expect(error.message).toContain("holds a credential")
      expectNoLeak(canary, error)
    }
  })

  it("quotes nothing of what was put in the place of a URL by mistake", async () => {
    const canary = newCanary()
    const slips = [
      canary.text,
      `${canary.text}:`,
      `tly-${canary.text}:x`,
      `env:${canary.text}`,
      `env:?${canary.text}`,
      `memory:#${canary.text}`,
      `memory:?${canary.text}=1`,
      `dotenv://${canary.text}/x`,
      `dotenv:.env?optional=${canary.text}`,
    ]
    for (const url of slips) {
      const error = await errorOf(openStore(url))
      expect(error.code).toBe("MISCONFIGURED")
      expectNoLeak(canary, error)
    }
  })

  it("takes a rename of a secret that is called like a credential for a name", async () => {
    const store = await openStore("env:?rename.db/password=DB_PW", { env: { DB_PW: "1" } })
    expect(await reveal(store, "db/password")).toBe("1")
  })

  it("loads no backend but the one that is opened", async () => {
    const ended = await runChild(
      `import { registerHooks } from "node:module"
       const loaded = []
       registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
       const { openStore } = await import("latchkey")
       console.log(loaded.filter(url => /providers|dotenv|zod|crypto/.test(url)).length)
       await openStore("memory:")
       console.log(loaded.some(url => url.includes("/memory/")), loaded.some(url => url.includes("dotenv")))`,
    )
    expect(ended).toMatchObject({ code: 0, stdout: "0\ntrue false\n", stderr: "" })
  })
})

describe("opening secrets", () => {
  it("reads the environment over a .env that may be missing, if nothing else is said", async () => {
    const folder = await newFolder()
    process.chdir(folder)
    await using secrets = await openSecrets(undefined, { env: { A: "from env" } })
    expect((await secrets.get("a")).reveal()).toBe("from env")
    expect(await secrets.getOptional("b")).toBeUndefined()
    await writeOld(join(folder, ".env"), "A=hidden\nB=from file\n")
    expect((await secrets.get("b")).reveal()).toBe("from file")
    expect(secrets.store.location).toBe("layered:?store=env:&store=dotenv:.env")
    expect(await readdir(folder)).toEqual([".env"])
  })

  it("still refuses a .env that is there and cannot be read", async () => {
    const folder = await newFolder()
    process.chdir(folder)
    await mkdir(join(folder, ".env"))
    expect((await errorOf(openSecrets(undefined, { env: {} }))).code).toBe("MISCONFIGURED")
    await rm(join(folder, ".env"), { recursive: true })
  })

  it("opens what LATCHKEY_STORE says, and what the argument says before that", async () => {
    const path = await oldFile("A=1\n")
    const env = { LATCHKEY_STORE: `dotenv:${path}`, A: "2" }
    await using fromVariable = await openSecrets(undefined, { env })
    await using fromArgument = await openSecrets("env:", { env })
    expect((await fromVariable.get("a")).reveal()).toBe("1")
    expect((await fromArgument.get("a")).reveal()).toBe("2")
  })

  it("takes a LATCHKEY_STORE that is set to nothing for one that is not set", async () => {
    process.chdir(await newFolder())
    await using secrets = await openSecrets(undefined, { env: { LATCHKEY_STORE: "", A: "1" } })
    expect((await secrets.get("a")).reveal()).toBe("1")
    expect((await errorOf(openSecrets("", { env: {} }))).message).toContain("is empty")
  })

  it("says whether LATCHKEY_STORE or the argument is wrong, and in which word", async () => {
    const variable = await errorOf(openSecrets(undefined, { env: { LATCHKEY_STORE: "dotnev:.env" } }))
    expect(variable.message).toContain('LATCHKEY_STORE has the scheme "dotnev:"')
    const argument = await errorOf(openSecrets("dotnev:.env", { env: { LATCHKEY_STORE: "env:" } }))
    expect(argument.message).not.toContain("LATCHKEY_STORE")
    expect(argument.message).toContain('the URL of the store has the scheme "dotnev:"')
    expect((await errorOf(openStore("layered:?store=evn:"))).message).toContain("the URL of a layer has")
  })

  it("refuses options that Secrets does not have before anything is read", async () => {
    for (const options of [{ tll: "5m" }, { ttl: 5 }] as object[]) {
      const error = await errorOf(openSecrets(`dotenv:${await newPath()}`, options))
      expect(error.message).toMatch(/ttl|tll/)
    }
  })

  describe("of a store that cannot answer", () => {
    /** A layer that is asked by `openSecrets()` as any other: its file cannot be opened as often as is said. */
    const failingFor = (path: string, times: number) => {
      let left = times
      failing("open", "EMFILE", file => file === path && left-- > 0)
    }

    it("asks again until it can", async () => {
      const path = await oldFile("A=1\n")
      failingFor(path, 3)
      const clock = checkedFakeClock(new Date())
      const opening = openSecrets(`dotenv:${path}`, { clock, random: () => 0.5 })
      await using secrets = await opened(opening, clock)
      expect((await secrets.get("a")).reveal()).toBe("1")
    })

    it("gives up after startupDeadline and says why, and when the caller leaves", async () => {
      const path = await oldFile("A=1\n")
      failingFor(path, Number.POSITIVE_INFINITY)
      const clock = checkedFakeClock(new Date())
      const options = { clock, startupDeadline: "2s", random: () => 0.5 } as const
      const begun = clock.monotonic()
      const error = await opened(errorOf(openSecrets(`dotenv:${path}`, options)), clock, 2_000)
      expect(error).toMatchObject({ code: "TIMEOUT", lastCode: "UNAVAILABLE" })
      expect(clock.monotonic() - begun).toBeLessThanOrEqual(2_000)

      const controller = new AbortController()
      const leaving = errorOf(openSecrets(`dotenv:${path}`, { ...options, signal: controller.signal }))
      await eventually(() => expect(clock.pending).toHaveLength(1))
      controller.abort()
      expect((await leaving).code).toBe("ABORTED")
    })
  })

  it.each([
    "env:",
    "memory:",
    "layered:?store=env:&store=memory:&store=dotenv:.env%3Foptional=true",
  ])("lets a process end that has used and closed %s", async url => {
    const ended = await runChild(
      `import { openSecrets } from "latchkey"
         const secrets = await openSecrets(process.argv[1])
         const name = process.argv[1] === "env:" ? "path" : "a-secret"
         if (secrets.supports("write") && name !== "path") await secrets.put(name, "x", { expect: "absent" })
         const handle = await secrets.get(name)
         handle.onRotate(() => {})
         await secrets.close()
         console.log("closed", handle.reveal() !== "")`,
      { args: [url] },
    )
    expect(ended).toMatchObject({ code: 0, stdout: "closed true\n", stderr: "" })
    expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
  })

  it("closes the store with the secrets, and lets the process end", async () => {
    const path = await oldFile("A=1\n")
    const ended = await runChild(
      `import { openSecrets } from "latchkey"
       const secrets = await openSecrets("dotenv:" + process.argv[1])
       const token = await secrets.get("a")
       token.onRotate(() => {})
       await secrets.close()
       console.log("closed", token.reveal())`,
      { args: [path] },
    )
    expect(ended).toMatchObject({ code: 0, stdout: "closed 1\n", stderr: "" })
    expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
  })

  it("sees a new value of a .env at once, because it watches", async () => {
    const path = await oldFile("A=1\n")
    await using secrets = await openSecrets(`dotenv:${path}`)
    const token = await secrets.get("a")
    const changes: string[] = []
    token.onRotate(({ current }) => void changes.push(current.reveal()))
    // Written again and again, because nobody tells when it is watched; slowly, because it is read once it has settled.
    const writing = async () => {
      await writeFile(path, "A=2\n")
      expect(changes).toEqual(["2"])
    }
    await eventually(writing, { every: 200 })
    expect(token.reveal()).toBe("2")
  })
})
