import fs, {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises"
import { hostname } from "node:os"
import { basename, dirname, join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild, startChild } from "../../support/child.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf } from "../calls.ts"
import { around, failing } from "../file-system.ts"
import { newFolder, newPath, oldFile, writeFresh, writeOld } from "../files.ts"

const text = async (path: string) => await readFile(path, "utf8")

/** Everything beside a file: there must be nothing left after a write. */
const beside = async (path: string) => (await readdir(dirname(path))).filter(name => name !== basename(path))

/** A program that writes "2" to a secret as another user than the owner of the file. Begun by root, as all tests. */
const asNobody = (name: string, groups: readonly number[]): string => `
  import { dotenv } from "latchkey/dotenv"
  const store = dotenv(process.argv[1])
  const calm = { signal: new AbortController().signal }
  // Loads all code while it may still be read.
  await store.delete("none", calm).catch(() => undefined)
  process.setgroups(${JSON.stringify(groups)})
  process.setgid(100)
  process.setuid(65534)
  await store.write("${name}", "2", calm).then(() => console.log("written"), error => console.log(error.message))`

describe("writing to a .env", () => {
  it("replaces one value and leaves everything else, and the folder, as it was", async () => {
    const path = await oldFile("# head\r\nexport A='1' # why\r\nB=2\r\n")
    const store = dotenv(path)
    const info = await store.write("a", "new value", calm)
    expect(await text(path)).toBe("# head\r\nexport A='new value' # why\r\nB=2\r\n")
    expect(await store.read("a", calm)).toEqual({ value: "new value", version: info.version })
    expect(info).toMatchObject({ current: true, readable: true })
    expect(await beside(path)).toEqual([])
  })

  it("does not touch a file in which the value stands already", async () => {
    const path = await oldFile("A=1\n")
    const before = await stat(path)
    await dotenv(path).write("a", "1", calm)
    expect(await stat(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
  })

  it("makes a file that may be missing, for its owner only", async () => {
    const path = await newPath()
    await dotenv({ path, optional: true }).write("tally/api-token", "x", calm)
    expect(await text(path)).toBe("TALLY__API_TOKEN=x\n")
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it("does not make a file that has to be there, nor a folder", async () => {
    const path = await newPath()
    expect((await errorOf(dotenv(path).write("a", "x", calm))).code).toBe("MISCONFIGURED")
    const nowhere = join(dirname(path), "none", ".env")
    const error = await errorOf(dotenv({ path: nowhere, optional: true }).write("a", "x", calm))
    expect(error).toMatchObject({ code: "MISCONFIGURED" })
    expect(error.message).toContain("folder")
    expect(await readdir(dirname(path))).toEqual([])
  })

  it("keeps the mode, and the owner where it may", async () => {
    const path = await oldFile("A=1\n")
    await chmod(path, 0o640)
    if (process.getuid?.() === 0) await chown(path, 65534, 65534)
    const before = await stat(path)
    await dotenv(path).write("a", "2", calm)
    const { mode, uid, gid, ino } = await stat(path)
    expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid })
    expect(ino).not.toBe(before.ino)
  })

  it.each([
    ["keeps a group that its writer is a member of", [4242], { gid: 4242, mode: 0o666 }],
    ["takes its permissions from a group that it cannot keep", [], { gid: 100, mode: 0o606 }],
  ] as const)("%s", async (_, groups, expected) => {
    const path = await oldFile("A=1\n")
    await chown(path, 0, 4242)
    await chmod(path, 0o6666)
    await chown(dirname(path), 65534, 100)
    const ended = await runChild(asNobody("a", groups), { args: [path] })
    expect(ended).toMatchObject({ code: 0, stdout: "written\n", stderr: "" })
    const { uid, gid, mode } = await stat(path)
    expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 65534, ...expected })
    expect(await text(path)).toBe("A=2\n")
  })

  it("does not replace a file that is write-protected in a folder that is not", async () => {
    const path = await oldFile("A=1\n")
    await chmod(path, 0o444)
    await chown(dirname(path), 65534, 100)
    const ended = await runChild(asNobody("a", []), { args: [path] })
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.stdout).toContain("DENIED")
    expect(await text(path)).toBe("A=1\n")
    expect(await beside(path)).toEqual([])
  })

  it("writes through symbolic links, which stay", async () => {
    const folder = await newFolder()
    await mkdir(join(folder, "real"))
    await writeOld(join(folder, "real/.env"), "A=1\n")
    await symlink("real/.env", join(folder, "second"))
    await symlink("second", join(folder, ".env"))
    await dotenv(join(folder, ".env")).write("a", "2", calm)
    expect(await text(join(folder, "real/.env"))).toBe("A=2\n")
    expect((await lstat(join(folder, ".env"))).isSymbolicLink()).toBe(true)
    expect(await readlink(join(folder, "second"))).toBe("real/.env")
    expect(await readdir(join(folder, "real"))).toEqual([".env"])
  })

  it("refuses a symbolic link in a circle", async () => {
    const path = await newPath()
    await symlink(".env", path)
    const error = await errorOf(dotenv({ path, optional: true }).write("a", "1", calm))
    expect(error.code).toBe("MISCONFIGURED")
  })

  it("refuses a value that the format cannot hold before it touches anything", async () => {
    const canary = newCanary()
    const path = await oldFile("A=1\n")
    const before = await stat(path)
    for (const value of [`${canary.text}'"\`#`, `${canary.text}\r\\n`, `${canary.text}\ud800`]) {
      const error = await errorOf(dotenv(path).write("a", value, calm))
      expect(error).toMatchObject({ code: "INVALID_VALUE", secret: "a" })
      expectNoLeak(canary, error)
    }
    expect(await stat(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
    expect(await beside(path)).toEqual([])
  })

  it("refuses bytes, dates of expiry and older versions", async () => {
    const store = dotenv(await oldFile("A=1\n"))
    expect((await errorOf(store.write("a", Uint8Array.of(1), calm))).code).toBe("UNSUPPORTED")
    expect((await errorOf(store.write("a", "x", { ...calm, expiresAt: new Date() }))).code).toBe(
      "UNSUPPORTED",
    )
    expect((await errorOf(store.read("a", { ...calm, version: "x" }))).code).toBe("UNSUPPORTED")
  })

  it("writes under a precondition only if it holds, and else leaves the file alone", async () => {
    const path = await oldFile("A=1\n")
    const store = dotenv(path)
    const { version } = await store.read("a", calm)
    await writeFile(path, "A=2\n")
    for (const expected of [version, "absent", "no version"]) {
      expect((await errorOf(store.write("a", "x", { ...calm, expect: expected }))).code).toBe("CONFLICT")
    }
    expect((await errorOf(store.write("b", "x", { ...calm, expect: version }))).code).toBe("CONFLICT")
    expect(await text(path)).toBe("A=2\n")
    await store.write("b", "x", { ...calm, expect: "absent" })
    await store.write("a", "3", { ...calm, expect: (await store.read("a", calm)).version })
    expect(await text(path)).toBe("A=3\nB=x\n")
    expect(await beside(path)).toEqual([])
  })

  it("refuses a secret whose value stands in a file of its own, which is not its to change", async () => {
    const path = await oldFile("A_FILE=value\n")
    await writeOld(join(dirname(path), "value"), "1")
    const store = dotenv(path)
    const errors = [await errorOf(store.write("a", "2", calm)), await errorOf(store.delete("a", calm))]
    expect(errors.map(error => error.code)).toEqual(["CONFLICT", "CONFLICT"])
    expect(await text(join(dirname(path), "value"))).toBe("1")
    expect(await text(path)).toBe("A_FILE=value\n")
  })

  it("refuses a file in which the new entry would become part of another", async () => {
    const path = await oldFile("B:\n")
    expect((await errorOf(dotenv(path).write("a", "1", calm))).code).toBe("MISCONFIGURED")
    expect(await text(path)).toBe("B:\n")
  })

  it("does not begin when its signal has aborted, nor when it aborts while it waits", async () => {
    const path = await newPath()
    const clock = checkedFakeClock()
    await writeFresh(path, "A=1\n", clock)
    const store = dotenv({ path, clock })
    expect((await errorOf(store.write("a", "2", { signal: AbortSignal.abort() }))).code).toBe("ABORTED")
    const controller = new AbortController()
    const writing = store.write("a", "2", { signal: controller.signal })
    await eventually(() => expect(clock.pending).toHaveLength(1))
    controller.abort()
    expect((await errorOf(writing)).code).toBe("ABORTED")
    expect(await text(path)).toBe("A=1\n")
    expect(await beside(path)).toEqual([])
  })
})

describe("deleting from a .env", () => {
  it("removes every entry of the name, and nothing else", async () => {
    const path = await oldFile("A=1\n# keep\nB=b\nA=2\n")
    const store = dotenv(path)
    await store.delete("a", calm)
    expect(await text(path)).toBe("# keep\nB=b\n")
    expect((await errorOf(store.delete("a", calm))).code).toBe("NOT_FOUND")
  })

  it("removes it from every file, so that no hidden value comes to light", async () => {
    const [first, second] = [await oldFile("A=1\n"), await oldFile("A=2\nB=b\n")]
    const store = dotenv([first, second])
    await store.delete("a", calm)
    expect((await errorOf(store.read("a", calm))).code).toBe("NOT_FOUND")
    expect([await text(first), await text(second)]).toEqual(["", "B=b\n"])
  })
})

describe("writing to several .env files", () => {
  it("writes a secret where it is read from, and a new one to the first", async () => {
    const [first, second] = [await oldFile("A=1\n"), await oldFile("A=2\nB=3\n")]
    const store = dotenv([first, second])
    await store.write("b", "x", calm)
    await store.write("a", "y", calm)
    await store.write("c", "z", calm)
    expect([await text(first), await text(second)]).toEqual(["A=y\nC=z\n", "A=2\nB=x\n"])
  })
})

describe("when the file system fails", () => {
  it.each([
    ["EACCES", "DENIED"],
    ["EROFS", "DENIED"],
    ["EBUSY", "UNSUPPORTED"],
    ["ENOSPC", "UNAVAILABLE"],
    ["EIO", "UNAVAILABLE"],
  ])("leaves file and folder as they were when the replacement ends with %s", async (code, expected) => {
    const canary = newCanary()
    const path = await oldFile(`A=${canary.text}\n`)
    failing("rename", code, () => true)
    const error = await errorOf(dotenv(path).write("a", "2", calm))
    expect(error).toMatchObject({ code: expected, secret: "a" })
    expect(error.message).toContain(code)
    expectNoLeak(canary, error)
    expect(await text(path)).toBe(`A=${canary.text}\n`)
    expect(await beside(path)).toEqual([])
  })

  it("leaves no lock behind that it could not write to", async () => {
    const path = await oldFile("A=1\n")
    let calls = 0
    failing("writeFile", "ENOSPC", file => file.endsWith(".lock") && ++calls === 2)
    expect((await errorOf(dotenv(path).write("a", "2", calm))).code).toBe("UNAVAILABLE")
    expect(await beside(path)).toEqual([])
  })

  it("leaves the file to whoever wrote it last where it may not be given away", async () => {
    const path = await oldFile("A=1\n")
    let refused = false
    around("open", open => async (...rest) => {
      const file = (await open(...rest)) as fs.FileHandle
      if (String(rest[0]).endsWith(".tmp")) {
        const own = await file.stat()
        file.stat = (async () => ({ ...own, uid: own.uid + 1 })) as never
        file.chown = async () => {
          refused = true
          throw Object.assign(new Error("x"), { code: "EPERM" })
        }
      }
      return file
    })
    await dotenv(path).write("a", "2", calm)
    expect(refused).toBe(true)
    expect(await text(path)).toBe("A=2\n")
  })

  it("says that the outcome is unknown when the folder cannot be brought to the disk", async () => {
    const path = await oldFile("A=1\n")
    failing("open", "EIO", file => file === dirname(path))
    const error = await errorOf(dotenv(path).write("a", "2", calm))
    expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    expect(await beside(path)).toEqual([])
  })

  it("is content where folders know no such thing", async () => {
    const path = await oldFile("A=1\n")
    failing("open", "EINVAL", file => file === dirname(path))
    await dotenv(path).write("a", "2", calm)
    expect(await text(path)).toBe("A=2\n")
  })
})

describe("several who write at once", () => {
  it("loses no update of many in one process, in one store or in two", async () => {
    const path = await oldFile("# head\n")
    const stores = [dotenv(path), dotenv(path)]
    const all = Array.from({ length: 12 }, (_, index) => `n${index}`)
    await Promise.all(all.map(async (name, index) => await stores[index % 2]?.write(name, name, calm)))
    const answers = await dotenv(path).readMany(all, calm)
    expect(all.map(name => (answers.get(name) as { value?: string }).value)).toEqual(all)
    expect(await beside(path)).toEqual([])
  })

  it("loses no update of two processes", async () => {
    const path = await oldFile("# head\n")
    const program = `
      import { dotenv } from "latchkey/dotenv"
      const [path, own] = process.argv.slice(1)
      const store = dotenv(path)
      for (let index = 0; index < 15; index++)
        await store.write(own + index, "x" + index, { signal: AbortSignal.timeout(15_000) })`
    const ended = await Promise.all([
      runChild(program, { args: [path, "a"] }),
      runChild(program, { args: [path, "b"] }),
    ])
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ])
    const written = (await text(path)).trim().split("\n").slice(1)
    expect(new Set(written).size).toBe(30)
    expect(await beside(path)).toEqual([])
  })

  it("reads the file again when somebody has changed it since", async () => {
    const path = await oldFile("A=1\n")
    let changed = false
    const { rename } = fs
    // An editor saves just while the new content is being written beside the file.
    around("open", open => async (...rest) => {
      if (!changed && String(rest[0]).endsWith(".tmp")) {
        changed = true
        await writeFile(`${path}~`, "A=1\nEDITOR=was here\n")
        await rename(`${path}~`, path)
      }
      return await open(...rest)
    })
    await dotenv(path).write("a", "2", calm)
    expect(changed).toBe(true)
    expect(await text(path)).toBe("A=2\nEDITOR=was here\n")
    expect(await beside(path)).toEqual([])
  })

  it("goes on with the next write after one that failed", async () => {
    const path = await oldFile("A=1\n")
    const store = dotenv(path)
    const [failed, done] = await Promise.allSettled([
      store.write("a", "2", { ...calm, expect: "absent" }),
      store.write("a", "3", calm),
    ])
    expect([failed.status, done.status]).toEqual(["rejected", "fulfilled"])
    expect(await text(path)).toBe("A=3\n")
  })
})

describe("a .env that does not come to rest", () => {
  /** Does something at each moment at which new content is about to be written beside a file. */
  const beforeScratch = (act: () => Promise<void>) =>
    around("open", open => async (...rest) => {
      if (String(rest[0]).endsWith(".tmp")) await act()
      return await open(...rest)
    })

  it("follows a link that was turned while it waited for the lock, and keeps no lock", async () => {
    const folder = await newFolder()
    for (const name of ["one", "two"]) await writeOld(join(folder, name), "A=1\n")
    const path = join(folder, ".env")
    await symlink("one", path)
    const first = join(folder, "one.lock")
    await writeFile(first, JSON.stringify({ id: crypto.randomUUID(), host: hostname(), pid: process.pid }))
    const clock = checkedFakeClock(new Date())
    const writing = dotenv({ path, clock }).write("a", "2", calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    await rm(path)
    await symlink("two", path)
    await rm(first)
    await clock.advance("20ms")
    await writing
    expect(await text(join(folder, "one"))).toBe("A=1\n")
    expect(await text(join(folder, "two"))).toBe("A=2\n")
    expect((await readdir(folder)).sort()).toEqual([".env", "one", "two"])
  })

  it("is given up in the end when its link turns each time, and nothing is written", async () => {
    const folder = await newFolder()
    for (const name of ["one", "two"]) await writeOld(join(folder, name), "A=1\n")
    const path = join(folder, ".env")
    await symlink("one", path)
    let turns = 0
    beforeScratch(async () => {
      turns += 1
      await rm(path)
      await symlink(turns % 2 === 0 ? "one" : "two", path)
    })
    expect((await errorOf(dotenv(path).write("a", "2", calm))).code).toBe("CONFLICT")
    expect(turns).toBeLessThan(50)
    expect([await text(join(folder, "one")), await text(join(folder, "two"))]).toEqual(["A=1\n", "A=1\n"])
    expect((await readdir(folder)).sort()).toEqual([".env", "one", "two"])
  })

  it("is not replaced when the signal aborts just before", async () => {
    const path = await oldFile("A=1\n")
    const controller = new AbortController()
    beforeScratch(async () => controller.abort())
    expect((await errorOf(dotenv(path).write("a", "2", { signal: controller.signal }))).code).toBe("ABORTED")
    expect(await text(path)).toBe("A=1\n")
    expect(await beside(path)).toEqual([])
  })

  it("lets a caller leave who waits for the write before", async () => {
    const path = await oldFile("A=1\n")
    const begun = vi.fn()
    let goOn: () => void = begun
    const held = new Promise<void>(resolve => {
      goOn = resolve
    })
    beforeScratch(async () => {
      begun()
      await held
    })
    const store = dotenv(path)
    const before = store.write("a", "2", calm)
    await eventually(() => expect(begun).toHaveBeenCalled())
    const controller = new AbortController()
    const listens = vi.spyOn(controller.signal, "addEventListener")
    const waiting = errorOf(store.write("a", "3", { signal: controller.signal }))
    await eventually(() => expect(listens).toHaveBeenCalled())
    controller.abort()
    expect((await waiting).code).toBe("ABORTED")
    expect((await errorOf(store.write("a", "3", { signal: controller.signal }))).code).toBe("ABORTED")
    goOn()
    await before
    await store.write("b", "4", calm)
    expect(await text(path)).toBe("A=2\nB=4\n")
  })

  it("brings the new content to the disk before it is in place", async () => {
    const path = await oldFile("A=1\n")
    const order: string[] = []
    around("open", open => async (...rest) => {
      const file = (await open(...rest)) as fs.FileHandle
      if (!String(rest[0]).endsWith(".tmp")) return file
      const { sync } = file
      file.sync = async () => {
        order.push("sync")
        await sync.call(file)
      }
      return file
    })
    around("rename", rename => async (...rest) => {
      order.push("rename")
      return await rename(...rest)
    })
    await dotenv(path).write("a", "2", calm)
    expect(order).toEqual(["sync", "rename"])
  })
})

describe("the lock of a file", () => {
  const lockOf = (path: string) => `${path}.lock`
  const id = "01234567-89ab-cdef-0123-456789abcdef"
  const mine = { id, host: hostname(), pid: process.pid }

  it("is waited for while its holder lives, and not for ever", async () => {
    const path = await oldFile("A=1\n")
    await writeFile(lockOf(path), JSON.stringify({ ...mine, pid: process.pid }))
    const clock = checkedFakeClock(new Date())
    const writing = errorOf(dotenv({ path, clock }).write("a", "2", calm))
    let ended = false
    void writing.finally(() => {
      ended = true
    })
    while (!ended) {
      await eventually(() => expect(ended || clock.pending.length > 0).toBe(true))
      await clock.advance("500ms")
    }
    expect(await writing).toMatchObject({ code: "UNAVAILABLE", transient: true })
    expect(await text(path)).toBe("A=1\n")
    expect(await beside(path)).toEqual([".env.lock"])
  })

  it("is taken as soon as its holder gives it back", async () => {
    const path = await oldFile("A=1\n")
    await writeFile(lockOf(path), JSON.stringify(mine))
    const clock = checkedFakeClock(new Date())
    const writing = dotenv({ path, clock }).write("a", "2", calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    await rm(lockOf(path))
    await clock.advance("20ms")
    await writing
    expect(await text(path)).toBe("A=2\n")
  })

  it("is broken when its holder was killed, and what lay beside the file goes with it", async () => {
    const path = await oldFile("A=1\n")
    const child = startChild(
      `import fs from "node:fs/promises"
       import { syncBuiltinESMExports } from "node:module"
       import { dotenv } from "latchkey/dotenv"
       // Killed at the worst moment: the new content is written, and not in place.
       fs.rename = () => { console.log("renaming"); return new Promise(() => setInterval(() => {}, 1000)) }
       syncBuiltinESMExports()
       await dotenv(process.argv[1]).write("a", "lost", { signal: new AbortController().signal })`,
      { args: [path] },
    )
    await child.printed("renaming")
    child.signal("SIGKILL")
    await child.ended
    expect(await beside(path)).toHaveLength(2)
    await dotenv(path).write("a", "2", calm)
    expect(await text(path)).toBe("A=2\n")
    expect(await beside(path)).toEqual([])
  })

  it("is broken when another process has the number of its holder", async () => {
    const path = await oldFile("A=1\n")
    await writeFile(lockOf(path), JSON.stringify({ ...mine, started: "1" }))
    // Only where the system tells when a process has started.
    if (process.platform !== "linux") await rm(lockOf(path))
    await dotenv(path).write("a", "2", calm)
    expect(await text(path)).toBe("A=2\n")
    expect(await beside(path)).toEqual([])
  })

  it.each([
    ["of another machine", JSON.stringify({ ...mine, host: "another.example", pid: 1 })],
    ["that says nothing of its holder", ""],
    ["that says nonsense", '{"id":"../../x","host":1}'],
  ])("is broken if it is one %s and old, and waited for if it is not", async (_, content) => {
    const path = await oldFile("A=1\n")
    await writeFile(lockOf(path), content)
    const clock = checkedFakeClock(new Date())
    const writing = dotenv({ path, clock }).write("a", "2", calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    const then = Date.now() / 1000 - 60
    await utimes(lockOf(path), then, then)
    await clock.advance("20ms")
    await writing
    expect(await text(path)).toBe("A=2\n")
    expect(await beside(path)).toEqual([])
  })

  it("that somebody took away before the file was replaced is waited for again", async () => {
    const path = await oldFile("A=1\n")
    let stolen = false
    around("open", open => async (...rest) => {
      if (!stolen && String(rest[0]).endsWith(".tmp")) {
        stolen = true
        await writeFile(lockOf(path), JSON.stringify(mine))
      }
      return await open(...rest)
    })
    const clock = checkedFakeClock(new Date())
    const writing = dotenv({ path, clock }).write("a", "2", calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    expect(stolen).toBe(true)
    expect(await text(path)).toBe("A=1\n")
    await rm(lockOf(path))
    await clock.advance("20ms")
    await writing
    expect(await text(path)).toBe("A=2\n")
    expect(await beside(path)).toEqual([])
  })

  it("that another one has broken and taken meanwhile is put back, and waited for", async () => {
    const path = await oldFile("A=1\n")
    const live = JSON.stringify(mine)
    await writeFile(lockOf(path), JSON.stringify({ ...mine, pid: 2 ** 22 + 1 }))
    let taken = false
    around("rename", rename => async (...rest) => {
      if (!taken && rest[0] === lockOf(path)) {
        taken = true
        await writeFile(lockOf(path), live)
      }
      return await rename(...rest)
    })
    const clock = checkedFakeClock(new Date())
    const writing = dotenv({ path, clock }).write("a", "2", calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    expect(taken).toBe(true)
    expect(await text(lockOf(path))).toBe(live)
    expect(await beside(path)).toEqual([".env.lock"])
    await rm(lockOf(path))
    await clock.advance("20ms")
    await writing
    expect(await beside(path)).toEqual([])
  })

  it("that cannot be put back, because there is a third one, is let go", async () => {
    const path = await oldFile("A=1\n")
    const third = JSON.stringify({ ...mine, id: id.replaceAll("0", "1") })
    await writeFile(lockOf(path), JSON.stringify({ ...mine, pid: 2 ** 22 + 1 }))
    let taken = false
    around("rename", rename => async (...rest) => {
      if (!taken && rest[0] === lockOf(path)) {
        taken = true
        await writeFile(lockOf(path), JSON.stringify(mine))
      }
      return await rename(...rest)
    })
    around("link", link => async (...rest) => {
      await writeFile(lockOf(path), third)
      return await link(...rest)
    })
    const clock = checkedFakeClock(new Date())
    const writing = dotenv({ path, clock }).write("a", "2", calm)
    await eventually(() => expect(clock.pending).toHaveLength(1))
    expect(await text(lockOf(path))).toBe(third)
    expect(await beside(path)).toEqual([".env.lock"])
    await rm(lockOf(path))
    await clock.advance("20ms")
    await writing
    expect(await text(path)).toBe("A=2\n")
  })

  it("that names a path instead of its holder removes nothing but itself", async () => {
    const path = await oldFile("A=1\n")
    // As part of the name of the file that is removed with a broken lock, this would lead to the other one.
    const victim = join(dirname(path), "victim.tmp")
    await writeFile(victim, "x")
    await mkdir(`${path}.x`)
    for (const bad of ["x/../victim", "../victim", ""]) {
      await writeFile(lockOf(path), JSON.stringify({ ...mine, id: bad, pid: 2 ** 22 + 1 }))
      const then = Date.now() / 1000 - 60
      await utimes(lockOf(path), then, then)
      await dotenv(path).write("a", `2${bad.length}`, calm)
      expect(await text(victim)).toBe("x")
    }
  })

  it("that is somebody else's by now is left to them at the end", async () => {
    const path = await oldFile("A=1\n")
    const other = JSON.stringify(mine)
    // Taken over after the last look at it: the replacement can no longer be stopped.
    around("rename", rename => async (...rest) => {
      await writeFile(lockOf(path), other)
      return await rename(...rest)
    })
    await dotenv(path).write("a", "2", calm)
    expect(await text(lockOf(path))).toBe(other)
  })

  it("of a process that this one may not signal is waited for", async () => {
    const path = await oldFile("A=1\n")
    await writeFile(lockOf(path), JSON.stringify(mine))
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("x"), { code: "EPERM" })
    })
    onTestFinished(() => kill.mockRestore())
    const clock = checkedFakeClock(new Date())
    const controller = new AbortController()
    const writing = errorOf(dotenv({ path, clock }).write("a", "2", { signal: controller.signal }))
    await eventually(() => expect(clock.pending).toHaveLength(1))
    controller.abort()
    expect((await writing).code).toBe("ABORTED")
    expect(await beside(path)).toEqual([".env.lock"])
  })
})
