import fs from "node:fs"
import { appendFile, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { dirname, join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { startChild } from "../../support/child.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf, reveal } from "../calls.ts"
import { newFolder, newPath, oldFile, writeOld } from "../files.ts"

type Store = ReturnType<typeof dotenv>

/** A file with a secret that nothing may tell. */
function guarded(): string {
  return `A=1\nCANARY=${newCanary().text}\n`
}

/** A watch that counts what it is told. */
async function watching(store: Store) {
  const controller = new AbortController()
  const failures: string[] = []
  let hints = 0
  await store.watch(
    () => {
      hints += 1
    },
    { signal: controller.signal, failed: error => failures.push(error.code) },
  )
  onTestFinished(async () => await store.close())
  return {
    failures,
    stop: () => controller.abort(),
    /** Does something, and waits until it is told of. */
    async hinted(change: () => Promise<unknown>) {
      const before = hints
      await change()
      await eventually(() => expect(hints).toBeGreaterThan(before))
    },
    get hints() {
      return hints
    },
  }
}

describe("watching a .env", () => {
  it("tells of a file that is written in place, again and again", async () => {
    const path = await oldFile(guarded())
    const store = dotenv(path)
    const watch = await watching(store)
    await watch.hinted(() => writeFile(path, "A=2\n"))
    await watch.hinted(() => appendFile(path, "B=2\n"))
    expect(await reveal(store, "b")).toBe("2")
  })

  it("tells of a file that is put in its place, again and again, as editors save", async () => {
    const path = await oldFile(guarded())
    const store = dotenv(path)
    const watch = await watching(store)
    for (const value of ["2", "3", "4"]) {
      await writeFile(`${path}~`, `A=${value}\n`)
      await watch.hinted(() => rename(`${path}~`, path))
      expect(await reveal(store, "a")).toBe(value)
    }
  })

  it("tells of a file that is removed, and made again", async () => {
    const path = await oldFile(guarded())
    const watch = await watching(dotenv(path))
    await watch.hinted(() => rm(path))
    await watch.hinted(() => writeFile(path, "A=2\n"))
    await watch.hinted(() => writeFile(path, "A=3\n"))
  })

  it("tells of a file that is not there yet, nor its folder", async () => {
    const folder = await newFolder()
    const path = join(folder, "config/.env")
    const watch = await watching(dotenv({ path, optional: true }))
    await watch.hinted(() => mkdir(join(folder, "config")))
    await watch.hinted(async () => {
      // The folder is watched a moment after it was made; until then, what happens in it is seen by looking again.
      await writeFile(path, "A=1\n")
    })
    await watch.hinted(() => writeFile(path, "A=2\n"))
  })

  it("goes on when the whole folder is removed and made again", async () => {
    const folder = join(await newFolder(), "config")
    const path = join(folder, ".env")
    await mkdir(folder)
    await writeOld(path, "A=1\n")
    const watch = await watching(dotenv(path))
    await watch.hinted(() => rm(folder, { recursive: true }))
    await watch.hinted(() => mkdir(folder))
    await watch.hinted(() => writeFile(path, "A=2\n"))
    await watch.hinted(() => writeFile(path, "A=3\n"))
    expect(watch.failures).toEqual([])
  })

  it("tells of a mounted secret whose folder is exchanged by turning a link, as Kubernetes does", async () => {
    const mount = await newFolder()
    for (const [folder, value] of [
      ["..1", "1"],
      ["..2", "2"],
      ["..3", "3"],
    ] as const) {
      await mkdir(join(mount, folder))
      await writeOld(join(mount, folder, "env"), `A=${value}\n`)
    }
    await symlink("..1", join(mount, "..data"))
    await symlink("..data/env", join(mount, "env"))
    const store = dotenv(join(mount, "env"))
    const watch = await watching(store)
    expect(await reveal(store, "a")).toBe("1")
    for (const [folder, value] of [
      ["..2", "2"],
      ["..3", "3"],
    ] as const) {
      await watch.hinted(async () => {
        await symlink(folder, join(mount, "..data_tmp"))
        await rename(join(mount, "..data_tmp"), join(mount, "..data"))
      })
      expect(await reveal(store, "a")).toBe(value)
    }
    await watch.hinted(() => writeFile(join(mount, "..3/env"), "A=4\n"))
  })

  it("tells of each of several files", async () => {
    const [first, second] = [await oldFile(guarded()), await oldFile("B=1\n")]
    const watch = await watching(dotenv([first, second]))
    await watch.hinted(() => writeFile(first, "A=2\n"))
    await watch.hinted(() => writeFile(second, "B=2\n"))
  })

  it("tells of the files of values that were read, and of no others that are named", async () => {
    const path = await oldFile("A_FILE=value\nLOG_FILE=log\n")
    const [value, log] = [join(dirname(path), "value"), join(dirname(path), "log")]
    await writeOld(value, "1")
    const store = dotenv(path)
    const watch = await watching(store)
    await watch.hinted(async () => await store.read("a", calm))
    await writeFile(log, "a line")
    await watch.hinted(() => writeFile(value, "2"))
  })

  it("is not told of other files in the folder", async () => {
    const path = await oldFile(guarded())
    const watch = await watching(dotenv(path))
    for (let count = 0; count < 100; count++) await writeFile(join(dirname(path), "other"), `${count}`)
    // Events come in their order: with this one, all those before have come.
    await watch.hinted(() => writeFile(path, "A=2\n"))
    expect(watch.hints).toBeLessThan(10)
  })

  it("is silent after its signal, and after the store was closed", async () => {
    const path = await oldFile(guarded())
    const store = dotenv(path)
    const [stopped, closed] = [await watching(store), await watching(store)]
    await stopped.hinted(() => writeFile(path, "A=2\n"))
    stopped.stop()
    const before = stopped.hints
    await closed.hinted(() => writeFile(path, "A=3\n"))
    expect(stopped.hints).toBe(before)
    await store.close()
    const witness = await watching(dotenv(path))
    const told = closed.hints
    await witness.hinted(() => writeFile(path, "A=4\n"))
    expect(closed.hints).toBe(told)
  })

  it("is not armed after its signal has aborted", async () => {
    const store = dotenv(await oldFile(guarded()))
    const failed = () => expect.fail("the watch failed")
    expect((await errorOf(store.watch(() => {}, { signal: AbortSignal.abort(), failed }))).code).toBe(
      "ABORTED",
    )
    const controller = new AbortController()
    const arming = errorOf(store.watch(() => {}, { signal: controller.signal, failed }))
    controller.abort()
    expect((await arming).code).toBe("ABORTED")
  })

  it("says so when the system allows no more watches, and arms nothing", async () => {
    const spy = vi.spyOn(fs, "watch").mockImplementation((() => {
      throw Object.assign(new Error("with a path"), { code: "ENOSPC" })
    }) as never)
    syncBuiltinESMExports()
    onTestFinished(() => {
      spy.mockRestore()
      syncBuiltinESMExports()
    })
    const store = dotenv(await oldFile(guarded()))
    const failed = () => expect.fail("the watch failed")
    const error = await errorOf(store.watch(() => {}, { signal: calm.signal, failed }))
    expect(error).toMatchObject({ code: "UNAVAILABLE" })
    expect(error.hint).toContain("max_user_watches")
  })

  it("says so once when it cannot go on, and has then ended", async () => {
    const path = await oldFile(guarded())
    const watchers: fs.FSWatcher[] = []
    const original = fs.watch
    const spy = vi.spyOn(fs, "watch").mockImplementation(((...rest: Parameters<typeof fs.watch>) => {
      const watcher = original(...rest)
      watchers.push(watcher)
      return watcher
    }) as never)
    syncBuiltinESMExports()
    onTestFinished(() => {
      spy.mockRestore()
      syncBuiltinESMExports()
    })
    const watch = await watching(dotenv(path))
    for (const watcher of watchers) watcher.emit("error", Object.assign(new Error("x"), { code: "EIO" }))
    for (const watcher of watchers) watcher.emit("error", Object.assign(new Error("x"), { code: "EIO" }))
    expect(watch.failures).toEqual(["UNAVAILABLE"])
    const witness = await watching(dotenv(path))
    await witness.hinted(() => writeFile(path, "A=2\n"))
    expect(watch.hints).toBe(0)
  })

  it("keeps no process alive, not even before it is closed", async () => {
    const path = await newPath()
    await writeOld(path, "A=1\n")
    const child = startChild(
      `import { dotenv } from "latchkey/dotenv"
       const { signal } = new AbortController()
       const store = dotenv(process.argv[1])
       await store.watch(() => {}, { signal, failed() {} })
       await store.write("a", "2", { signal })
       console.log("done")`,
      { args: [path] },
    )
    child.process.stdin?.end()
    const ended = await child.ended
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(ended.wentOnAfter("done")).toBeLessThan(1_000)
  })
})
