import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { plainClient } from "./plain-client.ts"

interface Ready {
  readonly ready: boolean
  readonly address: string
  readonly project: string
  readonly ca?: string
}

function started(...args: string[]) {
  const program = fileURLToPath(new URL("main.ts", import.meta.url))
  const child = spawn(process.execPath, ["--conditions=latchkey-source", program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>
  const ready = async (): Promise<Ready> => {
    const [line] = (await once(createInterface(child.stdout), "line")) as [string]
    return JSON.parse(line) as Ready
  }
  return { child, ended, ready }
}

it.for([[], ["--tls"]])("says where it is, answers there, and ends on SIGTERM: %o", async args => {
  const { child, ended, ready } = started("--project", "my-project", "--token", "one", ...args)
  const { address, project, ca } = await ready()
  expect([project, ca !== undefined]).toEqual(["my-project", args.length > 0])
  const client = plainClient({ address, ca })
  const list = async (token: string) =>
    (await client.call("ListSecrets", { parent: "projects/my-project" }, { token })).code
  expect([await list("one"), await list("two")]).toEqual(["OK", "UNAUTHENTICATED"])
  // The connection is still open: it must not keep the program.
  child.kill("SIGTERM")
  expect(await ended).toEqual([0, null])
  client.close()
})

it("listens on the port that it is given, and fails where somebody else does", async () => {
  const first = started()
  const port = (await first.ready()).address.split(":")[1] ?? ""
  const second = started("--port", port)
  expect((await second.ended)[0]).not.toBe(0)
  first.child.kill("SIGTERM")
  expect((await first.ended)[0]).toBe(0)
  const third = started("--port", port)
  expect((await third.ready()).address).toBe(`127.0.0.1:${port}`)
})

it.for([
  ["--port", "x"],
  ["--colour", "red"],
])("refuses %o", async args => {
  expect((await started(...args).ended)[0]).not.toBe(0)
})
