import { type FileHandle, rm, utimes, writeFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { environmentValue, type FileReading, SETTLING_TIME, settledFiles } from "../../src/core/index.ts"
import { around, failing } from "../providers/file-system.ts"
import { newPath, oldFile, writeFresh, writeOld } from "../providers/files.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { eventually } from "../support/eventually.ts"

const { signal } = new AbortController()
const text = (reading: FileReading) =>
  "bytes" in reading ? new TextDecoder().decode(reading.bytes) : reading.problem

/** A clock that agrees with the file system's at first. */
const clockOfNow = () => checkedFakeClock(new Date())

/** Resolves when somebody waits for the clock: the file has then been looked at. */
const waiting = (clock: { readonly pending: readonly unknown[] }) =>
  eventually(() => expect(clock.pending).toHaveLength(1))

describe("reading files that others write", () => {
  it("reads a file once that nobody has touched for a while", async () => {
    const path = await oldFile("x")
    expect(text(await settledFiles(clockOfNow()).read(path, signal))).toBe("x")
  })

  it("reads a file once that is what it was", async () => {
    const clock = clockOfNow()
    const path = await oldFile("x")
    const files = settledFiles(clock)
    await files.read(path, signal)
    await writeFile(path, "x")
    expect(text(await files.read(path, signal))).toBe("x")
  })

  it("reads a file once that it was told of by whoever wrote it", async () => {
    const path = await oldFile("x")
    const files = settledFiles(clockOfNow())
    await files.read(path, signal)
    await writeFile(path, "y")
    await files.wrote(path, new TextEncoder().encode("y"))
    expect(text(await files.read(path, signal))).toBe("y")
  })

  it("lets a change count when two looks agree, and not before", async () => {
    const clock = clockOfNow()
    const path = await oldFile("old")
    const files = settledFiles(clock)
    await files.read(path, signal)
    await writeFile(path, "new")
    let answered = false
    const reading = files.read(path, signal).finally(() => {
      answered = true
    })
    await waiting(clock)
    await clock.advance(`${SETTLING_TIME - 1}ms`)
    expect(answered).toBe(false)
    await clock.advance("1ms")
    expect(text(await reading)).toBe("new")
  })

  it("takes a second look at a fresh file also at the first reading of all", async () => {
    const clock = clockOfNow()
    const path = await newPath()
    await writeFresh(path, "ha", clock)
    const reading = settledFiles(clock).read(path, signal)
    await waiting(clock)
    await writeFile(path, "half")
    await clock.advance("50ms")
    await waiting(clock)
    await clock.advance("50ms")
    expect(text(await reading)).toBe("half")
  })

  it("takes a second look at a changed file, however old it claims to be", async () => {
    const clock = clockOfNow()
    const path = await oldFile("old")
    const files = settledFiles(clock)
    await files.read(path, signal)
    await writeFile(path, "new")
    await utimes(path, 1, 1)
    const reading = files.read(path, signal)
    await waiting(clock)
    await clock.advance("50ms")
    expect(text(await reading)).toBe("new")
  })

  it("never gives a part of a file that is written in ten pieces", async () => {
    const clock = clockOfNow()
    const path = await oldFile("old")
    const files = settledFiles(clock)
    await files.read(path, signal)
    const pieces = Array.from({ length: 10 }, (_, index) => `piece ${index}\n`)
    await writeFile(path, "")
    const reading = files.read(path, signal)
    for (const piece of pieces) {
      await waiting(clock)
      await writeFile(path, piece, { flag: "a" })
      await clock.advance("50ms")
    }
    await waiting(clock)
    await clock.advance("50ms")
    expect(text(await reading)).toBe(pieces.join(""))
  })

  it("ends with its signal while the file does not come to rest, and leaves no timer", async () => {
    const clock = clockOfNow()
    const path = await newPath()
    await writeFresh(path, "x", clock)
    const controller = new AbortController()
    const reading = settledFiles(clock).read(path, controller.signal)
    await waiting(clock)
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" })
  })

  it("tells that a file went away between two looks", async () => {
    const clock = clockOfNow()
    const path = await newPath()
    await writeFresh(path, "x", clock)
    const files = settledFiles(clock)
    const reading = files.read(path, signal)
    await waiting(clock)
    await rm(path)
    await clock.advance("50ms")
    expect(text(await reading)).toBe("missing")
    expect(files.wasRead(path)).toBe(false)
  })

  it.each(["EMFILE", "ESTALE"])("says of %s that it may pass", async code => {
    const path = await oldFile("x")
    failing("open", code, file => file === path)
    const reading = await settledFiles(clockOfNow()).read(path, signal)
    expect(reading).toMatchObject({ problem: "unreadable", passing: true })
  })

  it("says of a file system that knows no such call that it will not pass", async () => {
    const path = await oldFile("x")
    failing("open", "ENOSYS", file => file === path)
    expect(await settledFiles(clockOfNow()).read(path, signal)).toMatchObject({ passing: false })
  })

  it("takes a second look at a file whose date was set back while it was read", async () => {
    const clock = clockOfNow()
    const path = await oldFile("half")
    around("open", open => async (...rest) => {
      const file = (await open(...rest)) as FileHandle
      if (rest[0] !== path) return file
      const { readFile, stat } = file
      file.readFile = (async () => {
        const content = await readFile.call(file, null)
        await writeOld(path, "full")
        return content
      }) as never
      // The date of the content is set back to what it was; only the other one tells.
      file.stat = (async () => ({ ...(await stat.call(file)), mtimeMs: 1 })) as never
      return file
    })
    const reading = settledFiles(clock).read(path, signal)
    for (let look = 0; look < 2; look++) {
      await waiting(clock)
      await clock.advance("50ms")
    }
    expect(text(await reading)).toBe("full")
  })

  it("is not disturbed by a caller who writes to the bytes that it gave", async () => {
    const clock = clockOfNow()
    const path = await newPath("value")
    await writeOld(path, Uint8Array.of(0xff, 1))
    const files = settledFiles(clock)
    const variables = (name: string) => (name === "A_FILE" ? path : undefined)
    const read = async () => await environmentValue("A", variables, () => "/", files, signal)
    const first = (await read()) as Uint8Array
    first.fill(0)
    expect(await read()).toEqual(Uint8Array.of(0xff, 1))
    const written = Uint8Array.of(0xfe)
    await writeFile(path, written)
    files.wrote(path, written)
    written.fill(0)
    expect(await read()).toEqual(Uint8Array.of(0xfe))
  })

  it("shows nothing of what it read", async () => {
    const canary = newCanary()
    const path = await oldFile(canary.text)
    const files = settledFiles(clockOfNow())
    expect(text(await files.read(path, signal))).toBe(canary.text)
    expectNoLeak(canary, files)
  })
})
