import { EventEmitter } from "node:events"
import { PassThrough } from "node:stream"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type Host, runningIn } from "../../src/cli/host.ts"
import { newCanary } from "../support/canary.ts"

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }))
afterEach(() => void vi.useRealTimers())

class Played extends EventEmitter implements Host {
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly stdin = new PassThrough()
  readonly env = { A: "1" }
  readonly exits: number[] = []
  exitCode: number | undefined

  cwd(): string {
    return "/srv"
  }

  exit(code: number): void {
    this.exits.push(code)
  }

  get told(): string {
    return String(this.stderr.read() ?? "")
  }
}

describe("the process of a command", () => {
  it("hands its streams, variables and folder to the command", () => {
    const host = new Played()
    expect(runningIn(host).streams).toEqual({
      out: host.stdout,
      err: host.stderr,
      in: host.stdin,
      env: { A: "1" },
      folder: "/srv",
    })
  })

  it("is ended in order by a signal, which may come twice, and at once by one that comes a second later", () => {
    const host = new Played()
    const { signal } = runningIn(host)
    expect(signal.aborted).toBe(false)
    host.emit("SIGTERM")
    expect([signal.aborted, host.exits]).toEqual([true, []])
    vi.advanceTimersByTime(900)
    host.emit("SIGINT")
    expect(host.exits).toEqual([])
    vi.advanceTimersByTime(200)
    host.emit("SIGINT")
    expect(host.exits).toEqual([6])
  })

  it("goes on when nobody reads, and hides no other failure of a stream", () => {
    const host = new Played()
    runningIn(host)
    const closed = Object.assign(new Error("closed"), { code: "EPIPE" })
    expect(host.stdout.emit("error", closed)).toBe(true)
    expect(host.stderr.emit("error", closed)).toBe(true)
    const full = Object.assign(new Error("full"), { code: "ENOSPC" })
    expect(() => host.stdout.emit("error", full)).toThrow(full)
  })

  it("shows nothing of what nobody caught, and ends with 1", () => {
    const canary = newCanary()
    const host = new Played()
    runningIn(host)
    host.emit("uncaughtException", new RangeError(canary.text))
    const { told } = host
    canary.watch(told)
    expect([told, host.exits]).toEqual([expect.stringContaining("RangeError that nobody caught"), [1]])
  })

  it("says once that the configuration waits for what never comes, and nothing where the command has ended", () => {
    const host = new Played()
    runningIn(host)
    host.emit("beforeExit")
    host.emit("beforeExit")
    expect([host.told, host.exitCode]).toEqual([
      "latchkey: the configuration waits for something that never comes\n",
      1,
    ])
    const over = new Played()
    runningIn(over).ended(3)
    over.emit("beforeExit")
    expect([over.told, over.exitCode]).toEqual(["", 3])
    vi.clearAllTimers()
  })

  it("waits five seconds for what was left open, and then ends with the code that it would have had", () => {
    const host = new Played()
    runningIn(host).ended(0)
    vi.advanceTimersByTime(4_999)
    expect(host.exits).toEqual([])
    vi.advanceTimersByTime(1)
    expect([host.told, host.exits]).toEqual([expect.stringContaining("left something open"), [0]])
  })
})
