import { describe, expect, it } from "vitest"
import { env } from "../../providers/env/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type SecretStore } from "../../src/core/index.ts"
import { rig } from "../support/rig.ts"

const HINT =
  'TALLY_API_TOKEN is set, but tally/api-token is read from TALLY__API_TOKEN: "/" is two underscores, "-" is one'

/** The same store, with a listing that is counted. */
function counting<S extends SecretStore>(store: S, list = store.list): S & { listings(): number } {
  let listings = 0
  const counted: SecretStore["list"] = options => {
    listings += 1
    return list?.(options) ?? expect.unreachable()
  }
  return { ...store, list: counted, listings: () => listings }
}

describe("a secret that is missing from the beginning", () => {
  it("is reported with the name that was probably meant", async () => {
    const { secrets, failure } = rig((_, { text }) => env({ env: { TALLY_API_TOKEN: text } }))
    for (const asked of [
      secrets.get("tally/api-token"),
      secrets.getBytes("tally/api-token"),
      secrets.getJson("tally/api-token#field"),
    ]) {
      const error = await failure(asked)
      expect(error).toMatchObject({
        code: "NOT_FOUND",
        secret: "tally/api-token",
        store: "env:",
        transient: false,
      })
      expect(error.hint).toBe(HINT)
      expect(error.message).toBe(`NOT_FOUND: tally/api-token: ${error.plainMessage} (env:); ${HINT}`)
    }
  })

  it("keeps what the store says where no name is near", async () => {
    const { secrets, failure } = rig((_, { text }) => env({ env: { OTHER: text } }))
    expect((await failure(secrets.get("tally/api-token"))).hint).toContain("set TALLY__API_TOKEN")
  })

  it("is looked for under no other name where it may be missing, or where listing costs something", async () => {
    const { secrets, store } = rig((clock, { text }) =>
      counting(memory({ "tally/api-tokens": text }, { clock })),
    )
    expect(await secrets.getOptional("tally/api-token")).toBeUndefined()
    expect(store.listings()).toBe(0)

    const remote = rig((clock, { text }) => {
      const local = memory({ "tally/api-tokens": text }, { clock })
      return counting({ ...local, capabilities: { ...local.capabilities, local: false } })
    })
    expect((await remote.failure(remote.secrets.get("tally/api-token"))).hint).toBeUndefined()
    expect(remote.store.listings()).toBe(0)
  })

  it("is not looked for once it was held: then it was deleted, and not misspelt", async () => {
    const { secrets, store, failure } = rig((clock, { text }) =>
      counting(memory({ "tally/api-token": text, "tally/api-tokens": text }, { clock })),
    )
    const token = await secrets.get("tally/api-token")
    await secrets.delete("tally/api-token")
    expect((await failure(secrets.get("tally/api-token"))).code).toBe("NOT_FOUND")
    expect(() => token.reveal()).toThrow("NOT_FOUND")
    expect(store.listings()).toBe(0)
  })
})

describe("the search for a near name", () => {
  it("ends within a second", async () => {
    const { secrets, clock, failure } = rig(fake => {
      const store = memory({}, { clock: fake })
      return counting(store, async function* () {
        await new Promise(() => {})
        yield { name: "never" }
      })
    })
    const reading = failure(secrets.get("tally/api-token"))
    await clock.advance("1s")
    const error = await reading
    expect([error.code, error.hint]).toEqual(["NOT_FOUND", undefined])
  })

  it("ends when the caller leaves or everything is closed", async () => {
    for (const how of ["leave", "close"]) {
      let listing = () => {}
      const listed = new Promise<void>(resolve => {
        listing = resolve
      })
      const { secrets, failure } = rig(fake =>
        counting(memory({}, { clock: fake }), async function* () {
          listing()
          await new Promise(() => {})
          yield { name: "never" }
        }),
      )
      const caller = new AbortController()
      const reading = failure(secrets.get("tally/api-token", { signal: caller.signal }))
      await listed
      if (how === "leave") caller.abort()
      else await secrets.close()
      expect((await reading).code).toBe("NOT_FOUND")
    }
  })

  it("replaces the error by no other one", async () => {
    const { secrets, failure } = rig(fake =>
      counting(memory({}, { clock: fake }), () => {
        throw new SecretError("DENIED")
      }),
    )
    expect((await failure(secrets.get("tally/api-token"))).code).toBe("NOT_FOUND")
  })
})
