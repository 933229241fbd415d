import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
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

it("leaves a process alone that only has the number", async () => {
  const bystander = await newBystander()
  await stopProcess({ pid: bystander.pid, started: "some other time" })
  expect(bystander.lives()).toBe(true)
})

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
