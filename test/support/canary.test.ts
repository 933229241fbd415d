import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { expectNoLeak, leaksIn, newCanary, takeRegistered, unregisteredCanary } from "./canary.ts"
import { checkedFakeClock, takePendingTimers } from "./clock.ts"
import { findingsOf, guardOutput } from "./guard.ts"

describe("a canary", () => {
  it("is one token of 24 bytes that are no text", () => {
    const canary = newCanary()
    expect(canary.bytes).toHaveLength(24)
    expect(canary.text).toMatch(/^[A-Za-z0-9]{32}$/)
    expect(() => new TextDecoder("utf-8", { fatal: true }).decode(canary.bytes)).toThrow()
  })

  it("is another one each time", () => {
    expect(newCanary().text).not.toBe(newCanary().text)
  })
})

const around = (bytes: Uint8Array, before: number): Buffer =>
  Buffer.concat([Buffer.alloc(before, 0xa5), bytes, Buffer.alloc(4, 0x5a)])

const percent = (bytes: Uint8Array): string =>
  Array.from(bytes, byte => `%${byte.toString(16).padStart(2, "0")}`).join("")

describe("the search for a canary", () => {
  const canary = unregisteredCanary()
  const text = Buffer.from(canary.text)
  const raw = Buffer.from(canary.bytes)

  const spellings: Record<string, unknown> = {
    "the text": canary.text,
    "the text within a text": `before ${canary.text} after`,
    "eight characters from the middle": canary.text.slice(11, 19),
    "eight raw bytes": canary.bytes.slice(9, 17),
    "raw bytes read as latin1": raw.toString("latin1"),
    "hex of the text": text.toString("hex"),
    "hex of the raw bytes, upper case": raw.toString("hex").toUpperCase(),
    "hex of eight raw bytes": raw.toString("hex", 3, 11),
    "hex with colons": raw.toString("hex").replace(/(..)(?=.)/g, "$1:"),
    "percent form of the text": percent(text),
    "percent form of the raw bytes, upper case": percent(raw).toUpperCase(),
    "percent form where it is needed only": Array.from(raw, byte =>
      /\w/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : percent(Uint8Array.of(byte)),
    ).join(""),
    "JSON escapes of the text": Array.from(text, byte => `\\u00${byte.toString(16)}`).join(""),
    "a Buffer printed": inspect(raw),
    "an array of bytes printed": inspect(canary.bytes),
    "an array of bytes as JSON": JSON.stringify(canary.bytes),
    "the bytes of the text as JSON": JSON.stringify([...text]),
  }
  for (const alignment of [0, 1, 2]) {
    for (const encoding of ["base64", "base64url"] as const) {
      spellings[`${encoding} of the text at alignment ${alignment}`] = around(text, alignment).toString(
        encoding,
      )
      spellings[`${encoding} of the raw bytes at alignment ${alignment}`] = around(raw, alignment).toString(
        encoding,
      )
      spellings[`${encoding} of eight characters at alignment ${alignment}`] = around(
        text.subarray(5, 13),
        alignment,
      ).toString(encoding)
    }
  }
  for (const [name, spelling] of Object.entries(spellings)) {
    it(`finds ${name}`, () => expect(leaksIn(canary, spelling)).not.toEqual([]))
  }

  class Getter {
    get value(): string {
      return canary.text
    }
  }
  class Guarded {
    get value(): string {
      throw new TypeError(canary.text)
    }
  }
  const hiddenProperty = Object.defineProperty({}, "value", { value: canary.text, enumerable: false })
  const deep = { a: [new Map([["b", new Set([{ c: { d: { e: { f: { g: [canary.text] } } } } }])]])] }
  const cyclic: { self?: unknown; last?: string } = {}
  cyclic.self = cyclic
  cyclic.last = canary.text

  const things: Record<string, unknown> = {
    "an error's message": new Error(`failed for ${canary.text}`),
    "an error's cause": new Error("failed", { cause: { headers: { authorization: canary.text } } }),
    "an error's stack": Object.assign(new Error("failed"), { stack: canary.text }),
    "one error of several": new AggregateError([new Error(canary.text)], "failed"),
    "a property that is not enumerable": hiddenProperty,
    "a property under a symbol": { [Symbol("hidden")]: canary.text },
    "the description of a symbol": { [Symbol(canary.text)]: true },
    "a property's name": { [canary.text]: true },
    "a map's key": new Map([[canary.text, 1]]),
    "the depth of an object": deep,
    "an object that holds itself": cyclic,
    "a getter on a class": new Getter(),
    "what a getter throws": new Guarded(),
    "what toString gives": { toString: () => canary.text },
    "what toJSON gives": { toJSON: () => canary.text },
    "what custom inspection gives": { [Symbol.for("nodejs.util.inspect.custom")]: () => canary.text },
    "what custom inspection hides": {
      [Symbol.for("nodejs.util.inspect.custom")]: () => "nothing",
      value: canary.text,
    },
    "a buffer": canary.bytes.buffer,
    "a data view": new DataView(canary.bytes.buffer),
    "a proxy": new Proxy({ value: canary.text }, {}),
    "a property of a function": Object.assign(() => 1, { value: canary.text }),
  }
  for (const [name, thing] of Object.entries(things)) {
    it(`finds it in ${name}`, () => expect(leaksIn(canary, thing)).not.toEqual([]))
  }

  it("finds nothing in what holds a canary behind a closure", () => {
    class Cell {
      readonly #value = () => canary.text
      reveal(): string {
        return this.#value()
      }
    }
    const cell = new Cell()
    expect(cell.reveal()).toBe(canary.text)
    expectNoLeak(canary, cell, new Error("failed"), [cell, { cell }], () => cell, undefined, null, 7n)
  })

  it("finds nothing of another canary, nor seven bytes of its own", () => {
    const other = unregisteredCanary()
    const things = [other.text, other.bytes, canary.text.slice(0, 7), raw.toString("hex", 0, 7)]
    expect(things.flatMap(thing => leaksIn(canary, thing))).toEqual([])
  })

  it("survives a proxy that answers everything by throwing", () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw null
        },
        ownKeys: () => {
          throw new Error("no keys")
        },
        getPrototypeOf: () => {
          throw new Error("no prototype")
        },
      },
    )
    expect(leaksIn(canary, hostile)).toEqual([])
  })

  it("says which thing leaked and in which form, and does not show the canary", () => {
    const failure = catching(() => expectNoLeak(canary, {}, { value: text.toString("hex") }))
    expect(failure.message).toMatch(/thing 2: the text in hex: inspect/)
    expectNoLeak(canary, failure)
  })

  it("refuses a canary of somebody else's making, which it could not find", () => {
    expect(() => leaksIn({ text: "x", bytes: new Uint8Array(), watch: thing => thing }, {})).toThrow(
      TypeError,
    )
  })
})

describe("the guard of what a test writes", () => {
  const canary = unregisteredCanary()
  const found = (act: () => void): string[] => {
    const guard = guardOutput("swallow")
    try {
      act()
    } finally {
      guard.stop()
    }
    return findingsOf(guard, new Map([[canary, []]]))
  }

  it("finds a canary on standard output", () => {
    expect(found(() => void process.stdout.write(`token ${canary.text}\n`))).not.toEqual([])
  })
  it("finds a canary on standard error, written as bytes", () => {
    expect(found(() => void process.stderr.write(Buffer.from(canary.bytes)))).not.toEqual([])
  })
  it("finds a canary that was written in two pieces", () => {
    expect(
      found(() => {
        process.stdout.write(canary.text.slice(0, 5))
        process.stdout.write(canary.text.slice(5, 10))
      }),
    ).not.toEqual([])
  })
  it("finds a canary deep in what the console printed", () => {
    expect(found(() => console.log("got %o", { a: { b: { c: { d: { e: canary.text } } } } }))).not.toEqual([])
    expect(found(() => console.error(new Error(canary.text)))).not.toEqual([])
  })
  it("finds nothing where nothing was written, and something else", () => {
    expect(found(() => void process.stdout.write("nothing\n"))).toEqual([])
  })

  it("counts rejections that nobody handles", () => {
    const guard = { written: "", unhandled: [new Error(canary.text)], stop: () => undefined }
    expect(findingsOf(guard, new Map())).toEqual(["1 rejections were not handled: Error"])
    expect(findingsOf(guard, new Map([[canary, []]])).length).toBeGreaterThan(1)
  })

  it("looks through what a canary watches", () => {
    const registered = newCanary()
    const error = registered.watch(new Error("failed"), registered.text)
    expect(error.message).toBe("failed")
    const guard = { written: "", unhandled: [], stop: () => undefined }
    const taken = takeRegistered()
    expect(taken.get(registered)).toEqual([error, registered.text])
    expect(findingsOf(guard, taken)).toContainEqual(
      expect.stringMatching(/^watched thing 2: the text in clear/),
    )
  })

  it("gives the streams and the console back", () => {
    const before = [process.stdout.write, process.stderr.write, console.log]
    guardOutput("swallow").stop()
    expect([process.stdout.write, process.stderr.write, console.log]).toEqual(before)
  })
})

describe("the checked clock", () => {
  it("tells of timers that were left behind", () => {
    const clock = checkedFakeClock()
    clock.timer("background", 250, () => undefined)
    clock.timer("waited-for", 250, () => undefined).clear()
    expect(takePendingTimers()).toEqual(["a background timer, due in 250 ms, was left behind"])
    expect(takePendingTimers()).toEqual([])
  })
})

function catching(act: () => void): Error {
  try {
    act()
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error("nothing was thrown")
}
