import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeProtectedHeader } from "jose"
import { dotenv } from "latchkey/dotenv"
import { expect, onTestFinished, test } from "vitest"
import type { SecretStore } from "../../../src/core/index.ts"
import { keyringKey, Rotator } from "../../../src/rotation/index.ts"
import { rotationRig } from "../../providers/vault/rotation-rig.ts"
import { describeOn } from "../../servers/cases.ts"
import { rotated } from "../support/rotated.ts"
import { consumers, load, startProgram } from "./programs.ts"
import { NAME } from "./scene.ts"

const ROTATIONS = 20
const TIMEOUT = 240_000

/** Two programs under load, while the key of their tokens is rotated again and again: no token is refused. */
async function rotateUnderLoad(
  store: SecretStore,
  url: string,
  { rotations = ROTATIONS, env = {} }: { rotations?: number; env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const rotator = new Rotator({ store, rotations: { [NAME]: { plan: keyringKey({ consumers }) } } })
  onTestFinished(async () => await rotator.close())
  const rotate = async () => await rotated(rotator, NAME, { every: 50, atMost: 30_000 })
  await rotate()
  const programs = [await startProgram(url, env, TIMEOUT), await startProgram(url, env, TIMEOUT)]
  const loading = load(programs)
  const ids = new Set<string | undefined>()
  for (let rotation = 0; rotation < rotations; rotation++) {
    await rotate()
    for (const program of programs) ids.add(decodeProtectedHeader(await program.issue()).kid)
  }
  const { refused, checked } = await loading.stop()
  expect(refused).toEqual([])
  expect(ids.size).toBe(rotations)
  expect(checked).toBeGreaterThan(20 * rotations)
}

test("two programs on one .env accept each other's tokens while their key rotates 20 times", {
  timeout: TIMEOUT,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-keyring-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  const path = join(folder, ".env")
  await writeFile(path, "OTHER=1\n", { mode: 0o600 })
  const store = dotenv(path)
  onTestFinished(async () => await store.close())
  await rotateUnderLoad(store, `dotenv:${path}`)
})

for (const [name, rotations] of [
  ["vault", ROTATIONS],
  ["openbao", 4],
] as const)
  describeOn(name, server => {
    test(`two programs accept each other's tokens while their key rotates ${rotations} times`, {
      timeout: TIMEOUT,
    }, async () => {
      const { store, mount } = await rotationRig(server)
      const url = `vault://${new URL(server.url).host}/${mount}?kv=2&tls=false`
      await rotateUnderLoad(store, url, { rotations, env: { VAULT_TOKEN: server.rootToken } })
    })
  })
