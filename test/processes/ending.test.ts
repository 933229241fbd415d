import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { runChild } from "../support/child.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-"))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

/** A program that opens a store of each kind; it finds its secret and its folder in its environment. */
const backends: Record<string, string> = {
  env: `
    import { env } from "latchkey/env"
    const store = env()`,
  dotenv: `
    import { dotenv } from "latchkey/dotenv"
    const store = dotenv(process.env.FOLDER + "/.env")`,
  memory: `
    import { memory } from "latchkey/memory"
    const store = memory({ "tally/api-token": process.env.TALLY__API_TOKEN! })`,
  layered: `
    import { dotenv } from "latchkey/dotenv"
    import { env } from "latchkey/env"
    import { layered } from "latchkey/layered"
    const store = layered([env({ env: {} }), dotenv(process.env.FOLDER + "/.env")])`,
  "the default one": `
    import { openStore } from "latchkey"
    const store = await openStore("layered:?store=env:&store=dotenv:" + process.env.FOLDER + "/.env")`,
}

const program = (open: string, end: string) => `
  import { Secrets } from "latchkey"
  ${open}
  const secrets = new Secrets(store, { ttl: "1s" })
  const handle = await secrets.get("tally/api-token")
  handle.onRotate(() => undefined)
  const missing = await secrets.getOptional("tally/missing")
  console.log(handle.reveal().length, missing, store.watch === undefined ? "no watch" : "watch")
  ${end}`

async function run(open: string, end: string) {
  const canary = newCanary()
  await writeFile(join(folder, ".env"), `TALLY__API_TOKEN=${canary.text}\n`)
  const env = { FOLDER: folder, ...(open.includes("dotenv(") ? {} : { TALLY__API_TOKEN: canary.text }) }
  const ended = await runChild(program(open, end), { env })
  expectNoLeak(canary, ended.stdout, ended.stderr)
  return ended
}

describe("a process with secrets", () => {
  for (const [kind, open] of Object.entries(backends)) {
    it(`ends by itself within a second of close(): ${kind}`, async () => {
      const ended = await run(open, `await secrets.close(); console.log("closed")`)
      expect(ended).toMatchObject({ code: 0, stderr: "" })
      expect(ended.stdout).toMatch(/^32 undefined (no )?watch\nclosed\n$/)
      expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
    })

    it(`ends by itself without close() when nobody waits for anything: ${kind}`, async () => {
      const ended = await run(open, `console.log("idle")`)
      expect(ended).toMatchObject({ code: 0, stderr: "" })
      expect(ended.stdout).toContain("idle\n")
      expect(ended.wentOnAfter("idle")).toBeLessThan(1_000)
    })
  }

  it("watches the file that a dotenv is, in the tests above", async () => {
    const ended = await run(backends.dotenv as string, `await secrets.close()`)
    expect(ended.stdout).toBe("32 undefined watch\n")
  })

  it("does not end in silence while somebody waits for a first read, or for the next attempt", async () => {
    for (const answer of ["new Promise(() => {})", `Promise.reject(new SecretError("UNAVAILABLE"))`]) {
      const ended = await runChild(`
        import { SecretError, Secrets } from "latchkey"
        import { memory } from "latchkey/memory"
        const store = { ...memory(), read: () => ${answer} }
        const secrets = new Secrets(store, { startupDeadline: "600ms" })
        await secrets.get("tally/api-token").catch(error => console.log(error.code))`)
      expect(ended).toMatchObject({ code: 0, stdout: "TIMEOUT\n", stderr: "" })
      expect(ended.milliseconds).toBeGreaterThan(500)
    }
  })

  it("gets no warning for a thousand reads at once, of one name and of many, with one signal", async () => {
    const canary = newCanary()
    const ended = await runChild(
      `
      import { Secrets } from "latchkey"
      import { memory } from "latchkey/memory"
      const names = Array.from({ length: 1000 }, (_, index) => "name-" + index)
      const values = Object.fromEntries(names.map(name => [name, process.env.VALUE!]))
      const { signal } = new AbortController()
      for (const batches of [true, false]) {
        const inner = memory(values)
        const { readMany, ...single } = inner
        // An answer that takes a while, so that all wait at the same time.
        const late = <T>(answer: T): Promise<T> => new Promise(resolve => setTimeout(resolve, 5, answer))
        const store = batches
          ? { ...inner, readMany: async (...rest: Parameters<typeof readMany>) => late(await readMany(...rest)) }
          : { ...single, read: async (...rest: Parameters<typeof inner.read>) => late(await inner.read(...rest)) }
        const secrets = new Secrets(store)
        const same = Promise.all(names.map(() => secrets.get("name-0", { signal })))
        const all = await Promise.all(names.map(name => secrets.get(name, { signal })))
        for (const handle of await same) handle.onRotate(() => undefined, { signal })
        console.log(all.length, new Set(all).size, new Set(await same).size)
        await Promise.all(names.map(name => secrets.refresh(name, { signal })))
        await secrets.close()
      }`,
      { env: { VALUE: canary.text } },
    )
    expect(ended).toMatchObject({ code: 0, stdout: "1000 1000 1\n1000 1000 1\n", stderr: "" })
    expectNoLeak(canary, ended.stdout, ended.stderr)
  })
})
