import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { eventually } from "../support/eventually.ts"
import { newBystander, newDead } from "./fake/bystander.ts"
import { freePort } from "./start-process.ts"
import { type Identity, identityOf, isAlive, thisProcess } from "./system/identity.ts"
import { serversFolder } from "./system/place.ts"
import { stopProcess } from "./system/stop.ts"

it("tells a process apart from a later one with its number", async () => {
  const { pid, started } = thisProcess()
  expect(isAlive({ pid, started })).toBe(true)
  expect(isAlive({ pid, started: "some other time" })).toBe(false)
  expect(isAlive(await newDead())).toBe(false)
  expect(identityOf(2 ** 30)).toBeUndefined()
})

it("ends a process, and waits until it is gone", async () => {
  const process = await newBystander()
  await stopProcess(process)
  expect(process.lives()).toBe(false)
})

it("kills one that does not end when it is asked to", async () => {
  const stubborn = await newStubborn()
  await stopProcess(stubborn, { term: 100 })
  expect(isAlive(stubborn)).toBe(false)
})

it("ends what one that was killed has left behind, and asks it to end first", async () => {
  for (const child of ["sleep 600", "trap '' TERM; while :; do sleep 1; done"]) {
    const { leader, follower } = await newLeader(child)
    process.kill(leader.pid, "SIGKILL")
    await eventually(() => expect(isAlive(leader)).toBe(false))
    expect(isAlive(follower)).toBe(true)
    await stopProcess(leader, { term: 100 })
    expect(isAlive(follower)).toBe(false)
  }
})

it("ends what one leaves behind that ends when it is asked to", async () => {
  const { leader, follower } = await newLeader("sleep 600")
  await stopProcess(leader)
  expect([isAlive(leader), isAlive(follower)]).toEqual([false, false])
})

it("leaves a group alone whose leader only has the number, and one of before the machine was started", async () => {
  const { leader, follower } = await newLeader("sleep 600")
  await stopProcess({ pid: leader.pid, started: "some other time" })
  process.kill(leader.pid, "SIGKILL")
  await eventually(() => expect(isAlive(leader)).toBe(false))
  if (process.platform === "linux") await stopProcess({ pid: leader.pid, started: "00000000-1" })
  expect(isAlive(follower)).toBe(true)
})

it("leaves a process alone that only has the number", async () => {
  const bystander = await newBystander()
  await stopProcess({ pid: bystander.pid, started: "some other time" })
  expect(bystander.lives()).toBe(true)
})

/** A process that leads a group, and one that it has started. */
async function newLeader(
  follower: string,
): Promise<{ readonly leader: Identity; readonly follower: Identity }> {
  const script = `sh -c "${follower}" & echo $!; wait`
  const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"], detached: true })
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL")
    } catch {
      // All of it has ended.
    }
  })
  const [line] = await once(child.stdout, "data")
  const [one, other] = [identityOf(child.pid ?? 0), identityOf(Number(String(line)))]
  if (one === undefined || other === undefined) throw new Error("they did not start")
  return { leader: one, follower: other }
}

async function newStubborn(): Promise<Identity> {
  const program = join(serversFolder, "fake", "server.ts")
  const child = spawn(process.execPath, [program, String(await freePort()), "stubborn"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  await once(child.stdout, "data")
  const identity = identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error("it did not start")
  return identity
}
