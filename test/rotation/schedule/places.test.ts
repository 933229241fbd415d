import { describe, expect, it } from "vitest"
import { Places } from "../../../src/rotation/schedule/places.ts"
import { failureOf, type Gate, gate } from "../../support/rig.ts"

const stays = new AbortController().signal

/** Sends so many in, each of whom stays until its gate is opened. */
function send(places: Places, count: number, signal = stays) {
  const order: number[] = []
  const gates: Gate<void>[] = []
  const ends = Array.from({ length: count }, (_, index) => {
    const own = gate()
    gates.push(own)
    return places.within(signal, async () => {
      order.push(index)
      await own.promise
      return index
    })
  })
  return { order, gates, ends }
}

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe("Places", () => {
  it("let so many in and no more, and the others in their order", async () => {
    const places = new Places(2)
    const { order, gates, ends } = send(places, 5)
    await settle()
    expect(order).toEqual([0, 1])
    gates[1]?.open()
    await settle()
    expect(order).toEqual([0, 1, 2])
    for (const each of gates) each.open()
    expect(await Promise.all(ends)).toEqual([0, 1, 2, 3, 4])
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(places.taken).toBe(0)
  })

  it("are given back by work that throws", async () => {
    const places = new Places(1)
    await expect(places.within(stays, () => Promise.reject(new Error("no")))).rejects.toThrow("no")
    expect(places.taken).toBe(0)
  })

  it("are not handed to whoever has left, and none is lost by that", async () => {
    const places = new Places(1)
    const first = send(places, 1)
    const leaving = new AbortController()
    const gone = send(places, 500, leaving.signal)
    const last = send(places, 1)
    const failures = gone.ends.map(end => failureOf(end))
    leaving.abort()
    expect((await Promise.all(failures)).every(({ code }) => code === "ABORTED")).toBe(true)
    first.gates[0]?.open()
    await settle()
    expect(gone.order).toEqual([])
    expect(last.order).toEqual([0])
    last.gates[0]?.open()
    await Promise.all([...first.ends, ...last.ends])
    expect(places.taken).toBe(0)
  })

  it("are handed on by whoever leaves in the very moment in which it would enter", async () => {
    const places = new Places(1)
    const first = send(places, 1)
    const leaving = new AbortController()
    const second = send(places, 1, leaving.signal)
    const third = send(places, 1)
    await settle()
    first.gates[0]?.open()
    await first.ends[0]
    leaving.abort()
    second.gates[0]?.open()
    third.gates[0]?.open()
    await Promise.all([...second.ends, ...third.ends])
    expect(places.taken).toBe(0)
  })

  it("are not asked for by whoever has left before", async () => {
    const places = new Places(1)
    const { gates, ends } = send(places, 1)
    expect(await failureOf(places.within(AbortSignal.abort(), async () => undefined))).toMatchObject({
      code: "ABORTED",
    })
    gates[0]?.open()
    await Promise.all(ends)
  })

  it("leave no listener on a signal that many have waited with", async () => {
    const places = new Places(1)
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...rest: unknown[]) => {
      listeners += 1
      return Reflect.apply(addEventListener, signal, rest) as undefined
    }
    signal.removeEventListener = (...rest: unknown[]) => {
      listeners -= 1
      return Reflect.apply(removeEventListener, signal, rest) as undefined
    }
    const { gates, ends } = send(places, 20, signal)
    await settle()
    expect(listeners).toBe(1)
    for (const each of gates) each.open()
    await Promise.all(ends)
    expect(listeners).toBe(0)
  })
})
