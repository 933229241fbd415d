import { describe, expect, it } from "vitest"
import { openOnce } from "../../src/core/index.ts"

function counted() {
  const openings: { resolve(what: string): void; reject(reason: Error): void }[] = []
  const opened = openOnce(
    async () => await new Promise<string>((resolve, reject) => openings.push({ resolve, reject })),
  )
  return { openings, opened }
}

describe("what is opened once", () => {
  it("is opened when it is first wanted, once for all, and stays open", async () => {
    const { openings, opened } = counted()
    expect(openings).toHaveLength(0)
    const all = [opened.get(), opened.get()]
    openings[0]?.resolve("first")
    expect(await Promise.all([...all, opened.get()])).toEqual(["first", "first", "first"])
    expect(openings).toHaveLength(1)
  })

  it("is opened again after a failure, of which all are told who waited", async () => {
    const { openings, opened } = counted()
    const all = Promise.allSettled([opened.get(), opened.get()])
    openings[0]?.reject(new TypeError("not there"))
    expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected"])
    const again = opened.get()
    openings[1]?.resolve("second")
    expect([await again, openings.length]).toEqual(["second", 2])
  })

  it("is opened anew after it was taken, and given to whoever took it", async () => {
    const { openings, opened } = counted()
    expect(await opened.take()).toBeUndefined()
    const waiting = opened.get()
    const taken = opened.take()
    const next = opened.get()
    openings[0]?.resolve("first")
    openings[1]?.resolve("second")
    expect(await Promise.all([waiting, taken, next, opened.get()])).toEqual([
      "first",
      "first",
      "second",
      "second",
    ])
    expect(await opened.take()).toBe("second")
    expect([await opened.take(), openings.length]).toEqual([undefined, 2])
  })

  it("that was taken and then fails is nothing to whoever took it, and harms not what was opened since", async () => {
    const { openings, opened } = counted()
    const waiting = opened.get().catch(() => "failed")
    const taken = opened.take()
    const next = opened.get()
    openings[0]?.reject(new TypeError("not there"))
    expect(await Promise.all([waiting, taken])).toEqual(["failed", undefined])
    openings[1]?.resolve("second")
    expect([await next, await opened.get(), openings.length]).toEqual(["second", "second", 2])
  })

  it("is closed, and whoever closes it waits for that", async () => {
    const { openings, opened } = counted()
    const ended: string[] = []
    const end = async (what: string) => {
      await new Promise(resolve => setImmediate(resolve))
      ended.push(what)
    }
    await opened.close(end)
    const waiting = opened.get()
    openings[0]?.resolve("first")
    await waiting
    await opened.close(end)
    await opened.close(end)
    expect(ended).toEqual(["first"])
    void opened.get()
    expect(openings).toHaveLength(2)
  })

  it("says so if it cannot be closed", async () => {
    const { openings, opened } = counted()
    const waiting = opened.get()
    openings[0]?.resolve("first")
    await waiting
    const failing = async () => Promise.reject(new TypeError("stuck"))
    await expect(opened.close(failing)).rejects.toThrow(TypeError)
  })

  it("and is not open yet is closed when it comes, and nobody waits for it", async () => {
    const { openings, opened } = counted()
    const ended: string[] = []
    const [one, two] = [opened.get(), opened.close(what => ended.push(what))]
    await two
    expect(ended).toEqual([])
    openings[0]?.resolve("late")
    await one
    expect(ended).toEqual(["late"])
  })

  it("and never comes, or cannot be closed then, harms nobody who closed it", async () => {
    const { openings, opened } = counted()
    const one = opened.get().catch(() => "failed")
    await opened.close(() => undefined)
    const other = opened.get()
    await opened.close(async () => Promise.reject(new TypeError("stuck")))
    openings[0]?.reject(new TypeError("not there"))
    openings[1]?.resolve("late")
    // An unhandled rejection would fail the test.
    expect(await Promise.all([one, other])).toEqual(["failed", "late"])
  })
})
