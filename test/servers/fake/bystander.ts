import { spawn } from "node:child_process"
import { once } from "node:events"
import { onTestFinished } from "vitest"
import { type Identity, identityOf } from "../system/identity.ts"

/** A process that is none of ours; it must outlive everything, and ends with the test. */
export async function newBystander(): Promise<Identity & { readonly lives: () => boolean }> {
  const child = spawn("sleep", ["600"], { stdio: "ignore", detached: true })
  await once(child, "spawn")
  const identity = identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error("the bystander did not start")
  onTestFinished(() => void child.kill("SIGKILL"))
  return { ...identity, lives: () => identityOf(identity.pid)?.started === identity.started }
}

/** A process that has ended. */
export async function newDead(): Promise<Identity> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" })
  await once(child, "spawn")
  const identity = identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error("the process did not start")
  child.kill("SIGKILL")
  await once(child, "close")
  return identity
}
