import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { eventually } from "../support/eventually.ts"
import { gate } from "../support/rig.ts"
import { RunningServer } from "./harness.ts"

/** The promise is five seconds, of which a busy machine makes more. What hangs for good hangs for a minute. */
const STOP_MS = 15_000

describe("the server as a process", () => {
  let server: RunningServer

  beforeEach(async () => {
    server = await RunningServer.start({ TALLY_TIMEOUT_MS: "60000" })
  })

  afterEach(async () => {
    await server.end()
  })

  it("answers its client with what Tally says", async () => {
    const answer = await server.call("who_am_i")
    expect(answer).toMatchObject({ isError: false })
    expect(JSON.parse(answer.text)).toMatchObject({ fullName: "Ada Example" })
  })

  it.each([
    [{ status: 401 }, /does not accept the API token.*new key/],
    [{ status: 403 }, /may not do this.*Ask the owner/],
    [{ status: 404 }, /nothing of this id.*list_forms/],
    [{ status: 429, headers: { "retry-after": "12" } }, /slow down.*wait 12 s/],
    [{ status: 500 }, /failed to answer.*Try again/],
    [{ status: 200, body: "<html>" }, /does not look like.*TALLY_BASE_URL/],
    [{ cutOff: true }, /cannot be reached.*Check the network/],
  ])("answers %j with a tool error and a next step", async (fault, expected) => {
    server.standIn.fail({ ...fault, times: 3 })
    const answer = await server.call("list_forms")
    expect(answer.isError).toBe(true)
    expect(answer.text).toMatch(expected)
    server.standIn.heal()
    expect(await server.call("list_forms")).toMatchObject({ isError: false })
  })

  it("says so when Tally does not answer in time", async () => {
    const hasty = await RunningServer.start({ TALLY_TIMEOUT_MS: "500" })
    hasty.standIn.fail({ hang: true })
    const answer = await hasty.call("list_forms")
    expect(answer.isError).toBe(true)
    expect(answer.text).toMatch(/did not answer in time.*TALLY_TIMEOUT_MS/)
    await hasty.end()
  })

  it("follows no redirect, so that the token goes nowhere else", async () => {
    let arrived = 0
    const other = createServer((_, response) => {
      arrived += 1
      response.end("{}")
    })
    await new Promise<void>(resolve => other.listen(0, "127.0.0.1", () => resolve()))
    try {
      const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/users/me`
      server.standIn.fail({ status: 307, headers: { location } })
      expect(await server.call("who_am_i")).toMatchObject({
        isError: true,
        text: expect.stringContaining("redirect"),
      })
      expect(arrived).toBe(0)
    } finally {
      other.close()
    }
  })

  it("passes the client's cancellation on to Tally", async () => {
    server.standIn.fail({ hang: true })
    const cancelling = new AbortController()
    const call = server.call("who_am_i", {}, cancelling.signal)
    const ended = expect(call).rejects.toThrow("not wanted any more")
    await eventually(() => expect(server.standIn.requests).toHaveLength(1))
    cancelling.abort(new Error("not wanted any more"))
    await ended
    await eventually(() => expect(server.standIn.requests[0]?.leftEarly).toBe(true))
    expect(await server.call("who_am_i")).toMatchObject({ isError: false })
  })

  it("writes messages to stdout and nothing else", async () => {
    server.standIn.fail({ status: 500, path: "/users" })
    await server.call("who_am_i")
    await server.call("list_forms", { limit: 500 })
    await server.call("list_forms", { limit: 0 })
    const lines = server.transport.stdoutText.trimEnd().split("\n")
    expect(lines.length).toBeGreaterThanOrEqual(4)
    for (const line of lines) expect(JSONRPCMessageSchema.safeParse(JSON.parse(line)).success).toBe(true)
    expect(server.transport.stderrText).toContain("tally-mcp-server: who_am_i: broken\n")
  })

  it("goes on after a line on stdin that is no message, and does not repeat it", async () => {
    server.transport.writeRaw(`{"jsonrpc": "2.0", "oops": ${server.token}\n`)
    expect(await server.call("who_am_i")).toMatchObject({ isError: false })
    await eventually(() => expect(server.transport.stderrText).toContain("could not handle an MCP message"))
  })

  it("goes on when nobody reads its log", async () => {
    server.transport.closeLog()
    server.standIn.fail({ status: 500, times: 2 })
    expect(await server.call("who_am_i")).toMatchObject({ isError: true })
    expect(await server.call("who_am_i")).toMatchObject({ isError: true })
    expect(await server.call("who_am_i")).toMatchObject({ isError: false })
  })

  it.each([
    "SIGTERM",
    "SIGINT",
  ] as const)("stops at %s with exit code 0, and lets a call end first", async signal => {
    const door = gate()
    server.standIn.fail({ heldUntil: door.promise })
    const call = server.call("who_am_i")
    await eventually(() => expect(server.standIn.requests).toHaveLength(1))
    server.transport.kill(signal)
    await eventually(() => expect(server.transport.stderrText).toContain(`stopping: ${signal}`))
    door.open()
    expect(await call).toMatchObject({ isError: false })
    expect(await server.transport.ended()).toEqual({ code: 0, signal: null })
  })

  it("stops within five seconds although a call hangs, and closes its connection", async () => {
    server.standIn.fail({ hang: true })
    const call = server.call("who_am_i").catch(() => "the connection was closed")
    await eventually(() => expect(server.standIn.requests).toHaveLength(1))
    const start = performance.now()
    server.transport.kill("SIGTERM")
    expect(await server.transport.ended()).toEqual({ code: 0, signal: null })
    expect(performance.now() - start).toBeLessThan(STOP_MS)
    await call
    await eventually(() => expect(server.standIn.requests[0]?.leftEarly).toBe(true))
  })

  it("ends at once at a second signal", async () => {
    server.standIn.fail({ hang: true })
    const call = server.call("who_am_i").catch(() => "the connection was closed")
    await eventually(() => expect(server.standIn.requests).toHaveLength(1))
    server.transport.kill("SIGTERM")
    await eventually(() => expect(server.transport.stderrText).toContain("stopping: SIGTERM"))
    server.transport.kill("SIGTERM")
    expect(await server.transport.ended()).toEqual({ code: null, signal: "SIGTERM" })
    await call
  })

  it("stops when its client goes away", async () => {
    const start = performance.now()
    server.transport.endInput()
    expect(await server.transport.ended()).toEqual({ code: 0, signal: null })
    expect(performance.now() - start).toBeLessThan(STOP_MS)
  })

  it("stops when the client's input breaks the protocol for good", async () => {
    // The SDK closes the connection when a message is longer than it holds.
    server.transport.writeRaw("x".repeat(11 * 1024 * 1024))
    expect(await server.transport.ended()).toEqual({ code: 0, signal: null })
  })
})
