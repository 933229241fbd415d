import fs, { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { describe, expect, it } from "vitest"
import type { RotationJournal, RotationLedger } from "../../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild } from "../../support/child.ts"
import { calm, errorOf, reveal } from "../calls.ts"
import { around } from "../file-system.ts"
import { newFolder, newPath, oldFile, writeOld } from "../files.ts"

const text = async (path: string): Promise<string> => await readFile(path, "utf8")
const ledgerOf = (path: string): string => `${path}.latchkey`
const inFolder = async (path: string): Promise<string[]> => (await readdir(dirname(path))).sort()

const rotationId = "0123456789abcdef"

const journal = (change: Partial<RotationJournal> = {}): RotationJournal => ({
  schema: 1,
  seq: 1,
  state: "claimed",
  owner: "nonce",
  leaseUntil: 1,
  attempt: 0,
  rotationId,
  ...change,
})

async function promote(ledger: RotationLedger, name: string, value: string, base: string | undefined) {
  const expectBase = base === undefined ? {} : { expectBase: base }
  return await ledger.promote(name, { ...calm, rotationId, value, ...expectBase, journal: () => journal() })
}

const baseOf = async (ledger: RotationLedger, name: string): Promise<string | undefined> =>
  (await ledger.current?.(name, calm))?.version

describe("what a rotation keeps beside a .env", () => {
  it("is one file for its owner only, with the value before for as long as the rotation lasts", async () => {
    const canary = newCanary()
    const path = await oldFile("# head\nA=first\n")
    const ledger = dotenv(path).rotation()
    const base = await baseOf(ledger, "a")
    await ledger.journals?.save("a", journal({ base: base ?? "" }), { ...calm, expectSeq: 0 })
    await ledger.park("a", { ...calm, rotationId, value: canary.text })
    const { previous = "" } = await promote(ledger, "a", canary.text, base)
    expect(await text(path)).toBe(`# head\nA=${canary.text}\n`)
    expect(await inFolder(path)).toEqual([".env", ".env.latchkey"])
    expect((await stat(ledgerOf(path))).mode & 0o777).toBe(0o600)
    const kept = JSON.parse(await text(ledgerOf(path)))
    expect(kept.secrets.A.candidates).toEqual({ [rotationId]: canary.text })
    expect(Object.values(kept.secrets.A.former)).toEqual(["first"])
    expectNoLeak(canary, kept.secrets.A.journal, kept.key, previous)
    expect((await ledger.kept("a", { ...calm, rotationId, reference: previous }))?.value).toBe("first")

    await ledger.discard("a", { ...calm, rotationId })
    expect(await ledger.kept("a", { ...calm, rotationId, reference: previous })).toBeUndefined()
    const left = await text(ledgerOf(path))
    expect(JSON.parse(left).secrets).toMatchObject({ A: { candidates: {}, former: {} } })
    expect(left).not.toContain("first")
    expectNoLeak(canary, left)
  })

  it("is closed again to others whom somebody let in", async () => {
    const path = await oldFile("A=1\n")
    const ledger = dotenv(path).rotation()
    await ledger.park("a", { ...calm, rotationId, value: "2" })
    await chmod(ledgerOf(path), 0o644)
    await ledger.park("a", { ...calm, rotationId: "another", value: "3" })
    expect((await stat(ledgerOf(path))).mode & 0o777).toBe(0o600)
  })

  it("is not made by calls that only look, nor for a secret that is not there", async () => {
    const path = await oldFile("A=1\n")
    const ledger = dotenv(path).rotation()
    await ledger.check("a", calm)
    expect(await ledger.current?.("none", calm)).toBeUndefined()
    expect(await ledger.journals?.load("a", calm)).toEqual({})
    expect(await ledger.kept("a", { ...calm, rotationId })).toBeUndefined()
    await ledger.discard("a", { ...calm, rotationId })
    expect(await inFolder(path)).toEqual([".env"])
  })

  it("lies beside the file itself, and not beside a link to it", async () => {
    const folder = await newFolder()
    await mkdir(join(folder, "real"))
    await writeOld(join(folder, "real/.env"), "A=1\n")
    await symlink("real/.env", join(folder, ".env"))
    const throughLink = dotenv(join(folder, ".env")).rotation()
    const atFile = dotenv(join(folder, "real/.env")).rotation()
    await throughLink.journals?.save("a", journal(), { ...calm, expectSeq: 0 })
    expect((await atFile.journals?.load("a", calm))?.journal).toEqual(journal())
    expect(await baseOf(throughLink, "a")).toBe(await baseOf(atFile, "a"))
    expect(await readdir(folder)).toEqual(expect.arrayContaining([".env", "real"]))
    expect((await readdir(join(folder, "real"))).sort()).toEqual([".env", ".env.latchkey"])
  })

  it("lies beside the file in which the secret stands, and is found through that file alone", async () => {
    const [first, second] = [await oldFile("A=1\n"), await oldFile("B=2\n")]
    const both = dotenv([first, second]).rotation()
    await both.journals?.save("b", journal(), { ...calm, expectSeq: 0 })
    expect([await inFolder(first), await inFolder(second)]).toEqual([[".env"], [".env", ".env.latchkey"]])
    expect((await dotenv(second).rotation().journals?.load("b", calm))?.journal).toEqual(journal())
    await both.journals?.save("c", journal(), { ...calm, expectSeq: 0 })
    expect((await dotenv(first).rotation().journals?.load("c", calm))?.journal).toEqual(journal())
  })

  it.each([
    ["garbled", (canary: string) => `{ "key": "${canary}`, "INVALID_VALUE"],
    [
      "of another form",
      (canary: string) => JSON.stringify({ schema: 1, key: canary, secrets: {} }),
      "INVALID_VALUE",
    ],
    ["a list", (canary: string) => JSON.stringify([canary]), "INVALID_VALUE"],
    ["of a newer release", (canary: string) => JSON.stringify({ schema: 2, new: canary }), "UNSUPPORTED"],
    ["with more than is known", (canary: string) => withMore(canary), "INVALID_VALUE"],
    [
      "with a candidate that is no text",
      () => withEntry({ candidates: { r: 1 }, former: {} }),
      "INVALID_VALUE",
    ],
    ["with an entry that lacks a part", () => withEntry({ candidates: {} }), "INVALID_VALUE"],
    [
      "with an entry that has a part too much",
      () => withEntry({ candidates: {}, former: {}, x: 1 }),
      "INVALID_VALUE",
    ],
  ])("is left alone, and not quoted, where it is %s", async (_, content, code) => {
    const canary = newCanary()
    const path = await oldFile("A=1\n")
    await writeFile(ledgerOf(path), content(canary.text))
    const store = canary.watch(dotenv(path))
    const ledger = store.rotation()
    for (const call of [
      () => ledger.check("a", calm),
      () => ledger.current?.("a", calm),
      () => ledger.journals?.load("a", calm),
      () => ledger.journals?.save("a", journal(), { ...calm, expectSeq: 0 }),
      () => ledger.park("a", { ...calm, rotationId, value: "2" }),
      () => ledger.kept("a", { ...calm, rotationId }),
      () => promote(ledger, "a", "2", undefined),
    ]) {
      const error = await errorOf(call)
      expect(error).toMatchObject({ code, secret: "a", store: store.location })
      expect(error.hint).toBeDefined()
      expectNoLeak(canary, error)
    }
    expect(await text(ledgerOf(path))).toBe(content(canary.text))
    expect([await text(path), await reveal(store, "a")]).toEqual(["A=1\n", "1"])
    expect(await inFolder(path)).toEqual([".env", ".env.latchkey"])
  })

  it("keeps a journal of a newer release, while another secret is rotated", async () => {
    const path = await oldFile("A=1\nB=2\n")
    const ledger = dotenv(path).rotation()
    await ledger.journals?.save("b", journal(), { ...calm, expectSeq: 0 })
    const content = JSON.parse(await text(ledgerOf(path)))
    content.secrets.B.journal = { ...journal(), schema: 2, more: [1, { two: 2 }] }
    await writeFile(ledgerOf(path), JSON.stringify(content))
    expect((await errorOf(() => ledger.journals?.load("b", calm))).code).toBe("UNSUPPORTED")
    await ledger.journals?.save("a", journal(), { ...calm, expectSeq: 0 })
    expect(JSON.parse(await text(ledgerOf(path))).secrets.B).toEqual(content.secrets.B)
  })

  it("knows secrets and rotations by names that every object has", async () => {
    const path = await oldFile("hasOwnProperty=1\n")
    const ledger = dotenv(path).rotation()
    expect(await ledger.journals?.load("hasOwnProperty", calm)).toEqual({})
    expect(await ledger.kept("hasOwnProperty", { ...calm, rotationId: "toString" })).toBeUndefined()
    await ledger.journals?.save("hasOwnProperty", journal(), { ...calm, expectSeq: 0 })
    await ledger.park("hasOwnProperty", { ...calm, rotationId: "toString", value: "2" })
    expect((await ledger.kept("hasOwnProperty", { ...calm, rotationId: "toString" }))?.value).toBe("2")
    expect(await promote(ledger, "hasOwnProperty", "2", await baseOf(ledger, "hasOwnProperty"))).toBeDefined()
    expect(await text(path)).toBe("hasOwnProperty=2\n")
  })
})

describe("the versions of a ledger of a .env", () => {
  it("mean the same to another process, and nothing without the file beside", async () => {
    const canary = newCanary()
    const content = `A=${canary.text}\nB=${canary.text}\n`
    const [path, other] = [await oldFile(content), await oldFile(content)]
    const ledger = dotenv(path).rotation()
    const version = await baseOf(ledger, "a")
    const child = await runChild(
      `import { dotenv } from "latchkey/dotenv"
       const { signal } = new AbortController()
       const { version } = await dotenv(process.argv[1]).rotation().current("a", { signal })
       console.log(version)`,
      { args: [path] },
    )
    expect(child).toMatchObject({ stderr: "", stdout: `${version}\n` })
    expect(await baseOf(dotenv(other).rotation(), "a")).not.toBe(version)
    expect(await baseOf(ledger, "b")).not.toBe(version)
    expectNoLeak(canary, version)
  })

  it("come back with the value, and go with the file beside", async () => {
    const path = await oldFile("A=1\n")
    const ledger = dotenv(path).rotation()
    const first = await baseOf(ledger, "a")
    await writeOld(path, "A=2\n")
    expect(await baseOf(ledger, "a")).not.toBe(first)
    await writeOld(path, "A=1\n")
    expect(await baseOf(ledger, "a")).toBe(first)
    await fs.rm(ledgerOf(path))
    expect((await errorOf(promote(ledger, "a", "3", first))).code).toBe("CONFLICT")
    expect(await baseOf(ledger, "a")).not.toBe(first)
    expect(await text(path)).toBe("A=1\n")
  })

  it("are made for values in files of their own as well, text or not", async () => {
    const path = await oldFile("A_FILE=value\n")
    await writeOld(join(dirname(path), "value"), Uint8Array.of(0xff, 0xfe))
    const current = await dotenv(path).rotation().current?.("a", calm)
    expect(current?.value).toEqual(Uint8Array.of(0xff, 0xfe))
    expect(current?.version).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe("promoting in a .env", () => {
  /** Does something once, at the moment at which the new content of the `.env` is about to be written beside it. */
  const beforeScratch = (act: () => Promise<void>): void => {
    let done = false
    around("open", open => async (...rest) => {
      const path = String(rest[0])
      if (!done && path.endsWith(".tmp") && !path.includes(".latchkey.")) {
        done = true
        await act()
      }
      return await open(...rest)
    })
  }

  it("never writes over what an editor saves at the last moment", async () => {
    const path = await oldFile("A=1\nB=1\n")
    const ledger = dotenv(path).rotation()
    const base = await baseOf(ledger, "a")
    beforeScratch(async () => await writeFile(path, "A=by hand\nB=1\n"))
    expect(await errorOf(promote(ledger, "a", "2", base))).toMatchObject({ code: "CONFLICT" })
    expect(await text(path)).toBe("A=by hand\nB=1\n")
    expect(await inFolder(path)).toEqual([".env", ".env.latchkey"])
  })

  it("keeps what an editor changes beside the secret at the last moment", async () => {
    const path = await oldFile("A=1\nB=1\n")
    const ledger = dotenv(path).rotation()
    const base = await baseOf(ledger, "a")
    beforeScratch(async () => await writeFile(path, "# a note\nA=1\nB=by hand\nC=new\n"))
    await promote(ledger, "a", "2", base)
    expect(await text(path)).toBe("# a note\nA=2\nB=by hand\nC=new\n")
  })

  it("refuses when another file hides the secret since, and finds its journal where it was", async () => {
    const [first, second] = [await oldFile("B=1\n"), await oldFile("A=1\n")]
    const ledger = dotenv([first, second]).rotation()
    const base = await baseOf(ledger, "a")
    await ledger.journals?.save("a", journal(), { ...calm, expectSeq: 0 })
    beforeScratch(async () => {
      await writeFile(first, "B=1\nA=1\n")
      // The file that is about to be replaced changes, too, or nobody would look again.
      await writeFile(second, "A=1\n# a note\n")
    })
    expect((await errorOf(promote(ledger, "a", "2", base))).code).toBe("CONFLICT")
    expect([await text(first), await text(second)]).toEqual(["B=1\nA=1\n", "A=1\n# a note\n"])
    expect((await ledger.journals?.load("a", calm))?.journal).toEqual(journal())
    // The same value in the file that wins now: it is promoted there.
    await promote(ledger, "a", "2", base)
    expect([await text(first), await text(second)]).toEqual(["B=1\nA=2\n", "A=1\n# a note\n"])
  })

  it("makes a secret that is missing in the first file, and the file where it may be missing", async () => {
    const path = await newPath()
    const store = dotenv({ path, optional: true })
    const ledger = store.rotation()
    await ledger.check("a", calm)
    expect(await ledger.current?.("a", calm)).toBeUndefined()
    const { version, previous } = await promote(ledger, "a", "2", undefined)
    expect([await text(path), previous]).toEqual(["A=2\n", undefined])
    expect(await baseOf(ledger, "a")).toBe(version)
    expect((await errorOf(promote(ledger, "a", "3", undefined))).code).toBe("CONFLICT")
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it("changes no file that holds the value already, and keeps it as the one before all the same", async () => {
    const path = await oldFile("A='1' # why\n")
    const before = await stat(path)
    const ledger = dotenv(path).rotation()
    const base = await baseOf(ledger, "a")
    const { version, previous = "" } = await promote(ledger, "a", "1", base)
    expect(await stat(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
    expect(version).toBe(base)
    expect((await ledger.kept("a", { ...calm, rotationId, reference: previous }))?.value).toBe("1")
  })

  it("keeps the values before two promotions of one rotation apart", async () => {
    const path = await oldFile("A=1\n")
    const ledger = dotenv(path).rotation()
    const first = await promote(ledger, "a", "2", await baseOf(ledger, "a"))
    const second = await promote(ledger, "a", "1", first.version)
    const values = [first, second].map(async ({ previous = "" }) => {
      return (await ledger.kept("a", { ...calm, rotationId, reference: previous }))?.value
    })
    expect(await Promise.all(values)).toEqual(["1", "2"])
  })
})

describe("what a rotation in a .env refuses beforehand", () => {
  it.each([
    ["that the format cannot hold", `'"\`#`, "INVALID_VALUE"],
    ["that is no text", Uint8Array.of(0xff), "UNSUPPORTED"],
  ])("is a candidate %s, which is not stored", async (_, value, code) => {
    const path = await oldFile("A=1\n")
    const ledger = dotenv(path).rotation()
    const error = await errorOf(ledger.park("a", { ...calm, rotationId, value }))
    expect(error).toMatchObject({ code, secret: "a" })
    expect(error.outcome).toBeUndefined()
    expect(await inFolder(path)).toEqual([".env"])
    expect((await errorOf(promote(ledger, "a", value as string, await baseOf(ledger, "a")))).code).toBe(code)
    expect(await text(path)).toBe("A=1\n")
  })

  it("is a secret whose value stands in a file of its own", async () => {
    const path = await oldFile("A_FILE=value\n")
    await writeOld(join(dirname(path), "value"), "1")
    const ledger = dotenv(path).rotation()
    const error = await errorOf(ledger.check("a", calm))
    expect(error).toMatchObject({ code: "UNSUPPORTED", secret: "a" })
    expect(error.hint).toContain("A_FILE")
    expect((await errorOf(promote(ledger, "a", "2", await baseOf(ledger, "a")))).code).toBe("CONFLICT")
    expect(await text(join(dirname(path), "value"))).toBe("1")
  })

  it("is a .env that is not there", async () => {
    const error = await errorOf(
      dotenv(await newPath())
        .rotation()
        .check("a", calm),
    )
    expect(error.code).toBe("MISCONFIGURED")
  })

  it.each([
    ["a file", ".env", 0o444, 0o777],
    ["a folder", ".", 0o666, 0o555],
  ])("is %s that this process may not write", async (_, _which, ofFile, ofFolder) => {
    const path = await oldFile("A=1\n")
    await chown(path, 0, 0)
    await chmod(path, ofFile)
    await chmod(dirname(path), ofFolder)
    const ended = await runChild(
      `import { dotenv } from "latchkey/dotenv"
       const ledger = dotenv(process.argv[1]).rotation()
       const { signal } = new AbortController()
       // Loads all code while it may still be read.
       await ledger.check("none", { signal })
       process.setgid(65534)
       process.setuid(65534)
       await ledger.check("a", { signal }).then(() => console.log("fine"), error => console.log(error.code, error.hint))`,
      { args: [path] },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toMatch(/^DENIED .*folder/)
    expect(await inFolder(path)).toEqual([".env"])
  })

  it("is a file of rotations that belongs to somebody else", async () => {
    const path = await oldFile("A=1\n")
    await dotenv(path).rotation().current?.("a", calm)
    await chmod(path, 0o666)
    await chmod(dirname(path), 0o777)
    const ended = await runChild(
      `import { dotenv } from "latchkey/dotenv"
       const ledger = dotenv(process.argv[1]).rotation()
       const { signal } = new AbortController()
       await ledger.check("none", { signal })
       process.setgid(65534)
       process.setuid(65534)
       await ledger.check("a", { signal }).then(() => console.log("fine"), error => console.log(error.message))`,
      { args: [path] },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toMatch(/^DENIED: a: .*\.env\.latchkey may not be read/)
  })
})

describe("several processes that rotate in one .env", () => {
  it("elect one journal, one candidate and one promotion", async () => {
    const path = await oldFile("A=1\n")
    const base = (await baseOf(dotenv(path).rotation(), "a")) ?? ""
    const program = `
      import { dotenv } from "latchkey/dotenv"
      const [path, own, base] = process.argv.slice(1)
      const ledger = dotenv(path).rotation()
      const { signal } = new AbortController()
      const journal = { schema: 1, seq: 1, state: "claimed", owner: own, leaseUntil: 1, attempt: 0 }
      const told = async call => await call.then(answer => answer?.mine ?? true, error => error.code)
      const common = { signal, rotationId: "r", value: "by-" + own }
      console.log(JSON.stringify([
        await told(ledger.journals.save("a", journal, { signal, expectSeq: 0 })),
        await told(ledger.park("a", common)),
        await told(ledger.promote("a", { ...common, expectBase: base, journal: () => journal })),
      ]))`
    const owners = ["one", "two", "three", "four"]
    const ended = await Promise.all(owners.map(own => runChild(program, { args: [path, own, base] })))
    expect(ended.map(({ stderr }) => stderr)).toEqual(["", "", "", ""])
    const told = ended.map(({ stdout }) => JSON.parse(stdout) as (boolean | string)[])
    expect(told.map(([saved]) => saved).sort()).toEqual(["CONFLICT", "CONFLICT", "CONFLICT", true])
    expect(told.map(([, parked]) => parked).sort()).toEqual([false, false, false, true])
    expect(told.map(([, , promoted]) => promoted).sort()).toEqual(["CONFLICT", "CONFLICT", "CONFLICT", true])

    const content = JSON.parse(await text(ledgerOf(path))).secrets.A
    const winner = (place: number): string | undefined => owners[told.findIndex(one => one[place] === true)]
    expect(content.journal.owner).toBe(winner(0))
    expect(content.candidates).toEqual({ r: `by-${winner(1)}` })
    expect(await text(path)).toBe(`A=by-${winner(2)}\n`)
    expect(Object.values(content.former)).toEqual(["1"])
    expect(await inFolder(path)).toEqual([".env", ".env.latchkey"])
  })
})

function withMore(canary: string): string {
  return JSON.stringify({ schema: 1, key: "k".repeat(43), secrets: {}, more: canary })
}

function withEntry(entry: unknown): string {
  return JSON.stringify({ schema: 1, key: "k".repeat(43), secrets: { A: entry } })
}
