import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { dotenv } from "../../providers/dotenv/index.ts"
import { memory } from "../../providers/memory/index.ts"
import type { SecretStore } from "../../src/core/index.ts"
import { generatedKey, Rotator } from "../../src/rotation/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { askedOf, scene as gcpScene, load, NAME, save } from "../providers/gcp/rotation/scene.ts"
import { calm } from "../providers/gcp/support.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" } as const

function rotatorOf(store: SecretStore): Rotator {
  const rotator = new Rotator({ store, rotations: { [NAME]: { plan: generatedKey({ consumers }) } } })
  onTestFinished(() => rotator.close())
  return rotator
}

/** Whoever asks how a rotation is, and what it would do. */
async function look(rotator: Rotator): Promise<void> {
  expect(await rotator.status(NAME)).toMatchObject({ state: "idle", problems: [] })
  expect((await rotator.dryRun(NAME)).ok).toBe(true)
}

describe("Whoever only looks", () => {
  it("leaves a folder with a .env as it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-looking-"))
    onTestFinished(() => rm(folder, { recursive: true }))
    const text = "TALLY__API_TOKEN=the-first-value\n"
    await writeFile(join(folder, ".env"), text)
    await look(rotatorOf(dotenv(join(folder, ".env"))))
    expect(await readdir(folder)).toEqual([".env"])
    expect(await readFile(join(folder, ".env"), "utf8")).toBe(text)
  })

  it.each([
    [{ version: "latest" }],
    [{ version: "current" }],
  ])("writes nothing to Secret Manager with %j, where whoever rotates writes to know what is newest", async options => {
    const { server, store, ledger } = await gcpScene(options)
    await save(ledger, 1, { state: "idle" })
    askedOf(server)
    await look(rotatorOf(store))
    const asked = askedOf(server)
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter(method => !/^(?:Get|Access|List|TestIamPermissions)/.test(method))).toEqual([])
    expect((await ledger.journals?.load(NAME, { ...calm, glance: true }))?.journal).toEqual(
      await load(ledger),
    )
    expect(askedOf(server)).toContain("UpdateSecret")
  })

  it("asks a store for nothing that changes it", async () => {
    const store = faulty(memory({ [NAME]: "the-first-value" }))
    await look(rotatorOf(store))
    const operations = new Set(Array.from(store.calls, ({ operation }) => operation))
    expect([...operations].sort()).toEqual(["read", "rotation.check", "rotation.load"])
  })
})
