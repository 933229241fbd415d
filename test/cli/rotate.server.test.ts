import { expect, test } from "vitest"
import { adminOf, policyFile, tokenFor } from "../providers/vault/admin.ts"
import { rotationRig } from "../providers/vault/rotation-rig.ts"
import { describeOn } from "../servers/cases.ts"
import type { VaultServer } from "../servers/index.ts"
import { newCanary } from "../support/canary.ts"
import { newWorkplace, type StartOptions } from "./command-process.ts"

const NAME = "auth/session-key"
const TIMEOUT = 120_000

/** A person's folder, a secret of his in Vault, and a token that may do what the documentation says and no more. */
async function scene(server: VaultServer) {
  const { store, mount, put, everything, admin } = await rotationRig(server)
  const [value, id] = [newCanary(), newCanary()]
  const files = ["token", "kv2-read", "kv2-write", "kv2-rotation"]
  const rules = await Promise.all(files.map(file => policyFile(`vault-${file}`, mount)))
  const { token } = await tokenFor(adminOf(server), rules.join("\n"), { id: id.text })
  await put(NAME, { value: value.text })
  const place = await newWorkplace(`
    import { appendFileSync, existsSync } from "node:fs"
    import { defineRotations, generatedKey } from "latchkey/rotation"
    const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "1s", tokenLifetime: "0s" } as const
    const key = generatedKey({ consumers })
    export default defineRotations({
      store: "vault://${new URL(server.url).host}/${mount}?kv=2&tls=false",
      rotations: {
        "${NAME}": {
          plan: {
            ...key,
            async create(context) {
              appendFileSync("creating", "once\\n")
              while (existsSync("stop")) await new Promise(resolve => setTimeout(resolve, 10))
              return await key.create(context)
            },
          },
          schedule: { interval: "24h" },
          jitter: "0%",
        },
      },
    })`)
  const env = { VAULT_TOKEN: token }
  const current = async (): Promise<string> => {
    const { data } = await admin.ask("GET", `${mount}/data/${NAME}`)
    return String((data?.data as Record<string, unknown> | undefined)?.value)
  }
  const start = (args: readonly string[], options?: StartOptions) =>
    place.start(args, { env, stdin: "", ...options })
  const run = async (args: readonly string[], options?: StartOptions) => {
    const ended = await start(args, options).ended
    for (const canary of [value, id]) canary.watch([ended.out, ended.err])
    expect(ended.out + ended.err).not.toContain(await current())
    return ended
  }
  return { store, place, run, start, current, everything, old: value.text }
}

describeOn("vault", server => {
  test("latchkey rotate takes a key in Vault from its first rotation to the end of its grace, and leaves nothing beside it", {
    timeout: TIMEOUT,
  }, async () => {
    const { run, current, everything, old } = await scene(server)
    expect(await run(["rotate", "--status", "--json"])).toMatchObject({
      code: 0,
      out: expect.stringContaining('"idle"'),
    })
    const dry = await run(["rotate", NAME, "--dry-run"])
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining("it could be rotated now")])
    expect(await current()).toBe(old)

    expect(await run(["rotate", "--json"])).toMatchObject({ code: 0, err: "" })
    const first = await current()
    expect(first).not.toBe(old)
    const ended = await run(["rotate", NAME, "--wait"])
    expect([ended.code, ended.out]).toEqual([0, expect.stringMatching(/: rotated, next in 24 h\n$/)])
    expect(await current()).toBe(first)
    expect(await everything()).toEqual([NAME, `latchkey/rotation/${NAME}/journal`])

    expect((await run(["rotate", NAME, "--compromised"])).code).toBe(0)
    expect(await current()).not.toBe(first)
  })

  test("a run that was killed in the middle blocks nobody for good, and makes no second value", {
    timeout: TIMEOUT,
  }, async () => {
    const { place, run, start, current, everything, old } = await scene(server)
    await place.write("stop", "")
    const killed = start(["rotate"])
    await place.has("creating")
    const other = await run(["rotate", NAME])
    expect([other.code, other.out]).toEqual([5, expect.stringContaining("held by another process (claimed)")])
    expect((await run(["rotate"])).code).toBe(0)
    killed.process.kill("SIGKILL")
    await killed.ended
    expect(await current()).toBe(old)

    const { unlink } = await import("node:fs/promises")
    await unlink(`${place.folder}/stop`)
    const resumed = await run(["rotate", NAME, "--resume", "--force", "--wait"])
    expect([resumed.code, resumed.out]).toEqual([0, expect.stringContaining("rotated")])
    expect(await current()).not.toBe(old)
    expect(await everything()).toEqual([NAME, `latchkey/rotation/${NAME}/journal`])
  })

  test("two runs that begin at the same moment make one value between them", {
    timeout: TIMEOUT,
  }, async () => {
    const { place, run, current, old } = await scene(server)
    const ended = await Promise.all([run(["rotate", "--json"]), run(["rotate", "--json"])])
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(await place.read("creating")).toBe("once\n")
    expect(await current()).not.toBe(old)
  })

  test("a token that may not, and a server that is not there, end with 1 and say what to do", {
    timeout: TIMEOUT,
  }, async () => {
    const { place, run, current, old } = await scene(server)
    const wrong = newCanary()
    const refused = await run(["rotate", "--json"], { env: { VAULT_TOKEN: wrong.text } })
    wrong.watch([refused.out, refused.err])
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.out)).toMatchObject({ kind: "error", exitCode: 1 })
    expect(["UNAUTHENTICATED", "DENIED"]).toContain(JSON.parse(refused.out).error.code)
    const config = await place.read("latchkey.config.ts")
    await place.write("latchkey.config.ts", config.replace(/vault:\/\/[^/]+/, "vault://127.0.0.1:1"))
    const away = await run(["rotate"])
    expect([away.code, away.err]).toEqual([1, expect.stringContaining("latchkey rotate:")])
    expect(await current()).toBe(old)
  })
})
