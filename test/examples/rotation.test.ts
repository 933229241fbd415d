import { dotenv } from "latchkey/dotenv"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { eventually } from "../support/eventually.ts"
import { gate } from "../support/rig.ts"
import { RunningServer } from "./harness.ts"

const never = new AbortController().signal

describe("a server whose token changes", () => {
  let server: RunningServer

  beforeEach(async () => {
    server = await RunningServer.start()
  })

  afterEach(async () => {
    await server.end()
  })

  async function writeToken(token: string): Promise<void> {
    const store = dotenv(server.place.envFile)
    await store.write("tally/api-token", token, { signal: never })
    await store.close()
  }

  it("takes over the new one from .env by itself, and no call fails", async () => {
    const { standIn } = server
    const next = server.nextToken()
    standIn.tokens.add(next)
    expect(await server.call("who_am_i")).toMatchObject({ isError: false })

    let going = true
    const failed: string[] = []
    const caller = (async () => {
      while (going) {
        const answer = await server.call("list_forms", { limit: 3 })
        if (answer.isError) failed.push(answer.text)
      }
    })()
    await writeToken(next)
    await eventually(() => expect(standIn.tokens.record(next).accepted).toBeGreaterThan(0))
    standIn.tokens.revoke(server.token)
    const before = standIn.tokens.record(next).accepted
    await eventually(() => expect(standIn.tokens.record(next).accepted).toBeGreaterThan(before + 5))
    going = false
    await caller

    expect(failed).toEqual([])
    expect(server.transport.stderrText).toContain("tally/api-token has a new value")
  })

  it("reads again after a 401, and asks once more with what it finds", async () => {
    const { standIn } = server
    const next = server.nextToken()
    // The old token is refused while a call that carries it is under way, and .env already holds the new one.
    const door = gate()
    standIn.fail({ heldUntil: door.promise })
    const call = server.call("who_am_i")
    await eventually(() => expect(standIn.requests).toHaveLength(1))
    standIn.tokens.add(next)
    standIn.tokens.revoke(server.token)
    await writeToken(next)
    door.open()

    expect(await call).toMatchObject({ isError: false })
    expect(standIn.requests.map(({ status }) => status)).toEqual([401, 200])
    expect(standIn.requests.map(({ digest }) => digest)).toEqual([
      standIn.tokens.record(server.token).digest,
      standIn.tokens.record(next).digest,
    ])
  })

  it("says that a revoked token is refused, and goes on by itself when .env has another one", async () => {
    const { standIn } = server
    standIn.tokens.revoke(server.token)
    expect(await server.call("who_am_i")).toMatchObject({
      isError: true,
      text: expect.stringContaining("401"),
    })

    const next = server.nextToken()
    standIn.tokens.add(next)
    await writeToken(next)
    await eventually(async () => expect(await server.call("who_am_i")).toMatchObject({ isError: false }))
  })

  it("does not take over one that is no Tally token, and says so without showing it", async () => {
    const { standIn } = server
    const wrong = server.nextToken().replace("tly-", "")
    await writeToken(wrong)
    await eventually(() =>
      expect(server.transport.stderrText).toMatch(/new value of tally\/api-token is not used/),
    )
    expect(await server.call("who_am_i")).toMatchObject({ isError: false })
    expect(standIn.tokens.refusals).toBe(0)
  })
})
