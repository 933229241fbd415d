import { writeFileSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { expect, it } from "vitest"
import { startChild } from "../support/child.ts"
import { newBystander, newDead } from "./fake/bystander.ts"
import { newFolder } from "./fake/place.ts"
import { giveBack, holderOf, removeDead, withLock } from "./system/lock.ts"

it("lets one at a time work", async () => {
  const path = join(await newFolder(), "lock")
  let working = 0
  let most = 0
  const work = async (): Promise<void> => {
    working += 1
    most = Math.max(most, working)
    await new Promise(resolve => setImmediate(resolve))
    working -= 1
  }
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, {}, work)))
  expect(most).toBe(1)
  expect(working).toBe(0)
})

it("gives the lock back when the work fails, and leaves no file", async () => {
  const folder = await newFolder()
  const path = join(folder, "lock")
  const failing = withLock(path, {}, async () => await Promise.reject(new Error("no luck")))
  await expect(failing).rejects.toThrow("no luck")
  await expect(withLock(path, {}, async () => "mine")).resolves.toBe("mine")
  expect(await readdir(folder)).toEqual([])
})

it("takes over the lock of a process that died", async () => {
  const path = join(await newFolder(), "lock")
  writeFileSync(path, JSON.stringify(await newDead()))
  await expect(withLock(path, {}, async () => "mine")).resolves.toBe("mine")
})

it("takes over a lock whose number belongs to another process by now, and leaves that process alone", async () => {
  const path = join(await newFolder(), "lock")
  const bystander = await newBystander()
  writeFileSync(path, JSON.stringify({ pid: bystander.pid, started: "some other time" }))
  await expect(withLock(path, {}, async () => "mine")).resolves.toBe("mine")
  expect(bystander.lives()).toBe(true)
})

it("takes over a lock in which nothing stands", async () => {
  const path = join(await newFolder(), "lock")
  writeFileSync(path, "")
  await expect(withLock(path, {}, async () => "mine")).resolves.toBe("mine")
})

it("leaves it to somebody who was quicker, though he was started in the same moment as the one who died", async () => {
  const folder = await newFolder()
  const path = join(folder, "lock")
  const { pid, started } = await newBystander()
  writeFileSync(path, JSON.stringify({ pid, started }))
  removeDead(path, { pid: (await newDead()).pid, started })
  expect(holderOf(path)).toEqual({ pid, started })
  expect(await readdir(folder)).toEqual(["lock"])
})

it("is not given back over that of somebody else", async () => {
  const folder = await newFolder()
  const [aside, path] = [join(folder, "aside"), join(folder, "lock")]
  const [late, quick] = [await newBystander(), await newBystander()]
  writeFileSync(aside, JSON.stringify({ pid: late.pid, started: late.started }))
  writeFileSync(path, JSON.stringify({ pid: quick.pid, started: quick.started }))
  giveBack(aside, path)
  expect(holderOf(path)?.pid).toBe(quick.pid)
})

it("is not taken away at the end from somebody who has taken it over", async () => {
  const path = join(await newFolder(), "lock")
  const { pid, started } = await newBystander()
  await withLock(path, {}, async () => writeFileSync(path, JSON.stringify({ pid, started })))
  expect(holderOf(path)?.pid).toBe(pid)
})

it("says who holds the lock as long as he lives, and stops waiting when told to", async () => {
  const path = join(await newFolder(), "lock")
  const holder = await newBystander()
  writeFileSync(path, JSON.stringify({ pid: holder.pid, started: holder.started }))
  const stopping = new AbortController()
  const seen: number[] = []
  const held = ({ pid }: { pid: number }): void => {
    seen.push(pid)
    stopping.abort()
  }
  const waiting = withLock(path, { held, signal: stopping.signal }, async () => "mine")
  await expect(waiting).rejects.toThrow("aborted")
  expect(seen).toEqual([holder.pid])
  expect(holderOf(path)?.pid).toBe(holder.pid)
})

it("goes to one process at a time, and on to the next when one is killed at work", async () => {
  const path = join(await newFolder(), "lock")
  const held = startChild(
    `
    import { withLock } from "./test/servers/system/lock.ts"
    await withLock(process.argv.at(-1), {}, async () => {
      console.log("working")
      await new Promise(resolve => setTimeout(resolve, 600_000))
    })
  `,
    { args: [path] },
  )
  await held.printed("working")
  const next = startChild(
    `
    import { withLock } from "./test/servers/system/lock.ts"
    await withLock(process.argv.at(-1), { held: () => console.log("waiting") }, async () => console.log("working"))
  `,
    { args: [path] },
  )
  await next.printed("waiting")
  held.signal("SIGKILL")
  expect(await next.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/working\n$/) })
})
