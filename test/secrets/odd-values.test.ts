import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { type SecretValue, valueOfBytes } from "../../src/core/index.ts"
import type { Canary } from "../support/canary.ts"
import { expectNoLeak } from "../support/canary.ts"
import { rig } from "../support/rig.ts"

const { signal } = new AbortController()
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Each with the canary beside it, where there is room for one. */
const odd: Record<string, (canary: Canary) => SecretValue> = {
  empty: () => "",
  whitespace: () => " \t \n ",
  "one byte": () => "x",
  "a line break": () => "\n",
  "several lines": ({ text }) => `-----BEGIN KEY-----\r\n${text}\n\n-----END KEY-----\n`,
  "a NUL in the middle": ({ text }) => `${text}\u0000${text}`,
  "only NUL": () => "\u0000",
  "1 MiB": ({ text }) => text.padEnd(1_048_576, "0123456789abcdef"),
  "a byte-order mark": ({ text }) => `\ufeff${text}`,
  "characters beyond the first plane": ({ text }) => `🔑${text}🔑`,
  "quotes and escapes": ({ text }) => `"${text}'\\n$\{HOME} #comment`,
  JSON: ({ text }) => JSON.stringify({ __proto__: { polluted: true }, constructor: text }),
  "the text that stands for a secret": () => "Secret‹odd›",
  "text that was bytes": ({ text }) => valueOfBytes(utf8(`${text} é`)),
  "bytes that are no UTF-8": ({ bytes }) => bytes,
  "1 MiB of bytes": ({ bytes }) =>
    Uint8Array.from({ length: 1_048_576 }, (_, index) => bytes[index % 24] ?? 0),
  "one byte that is no UTF-8": () => Uint8Array.of(0xff),
}

describe("a value comes out as it went in, and turns up nowhere else", () => {
  for (const [what, make] of Object.entries(odd)) {
    it(what, async () => {
      const { secrets, store, clock, canary, failure, saidOf } = rig((clock, given) =>
        memory({ odd: make(given), before: "something" }, { clock }),
      )
      const value = make(canary)
      const isText = typeof value === "string"
      const bytes = await secrets.getBytes("odd")
      expect(Buffer.from(bytes.reveal()).equals(isText ? utf8(value) : value)).toBe(true)
      if (isText) {
        const handle = await secrets.get("odd")
        expect(handle.reveal() === value).toBe(true)
        const optional = await secrets.getOptional("odd")
        expect(optional?.reveal() === value).toBe(true)
        expectNoLeak(canary, handle, [handle], String(handle))
      } else {
        expect(await failure(secrets.get("odd"))).toMatchObject({ code: "INVALID_VALUE", secret: "odd" })
      }
      expectNoLeak(canary, bytes, { bytes })

      // And as a change.
      const changing = await secrets.getBytes("before")
      const changes: Uint8Array[] = []
      changing.onRotate(({ current }) => void changes.push(current.reveal()))
      await store.write("before", value, { signal })
      await clock.settle()
      expect(Buffer.from(changing.reveal()).equals(bytes.reveal())).toBe(true)
      expect(changes).toHaveLength(1)
      expect(saidOf("accepted").at(-1)).toMatchObject({ secret: "before", changed: true })
      canary.watch(secrets.health(), changing.status)
    })
  }
})

describe("an empty value", () => {
  it("is a value, and a missing one is an error, and neither turns into the other", async () => {
    const { secrets, store, clock, failure } = rig(clock => memory({ empty: "" }, { clock }))
    const handle = await secrets.getOptional("empty")
    expect(handle?.reveal()).toBe("")
    expect(await secrets.getOptional("missing")).toBeUndefined()
    expect((await failure(secrets.get("missing"))).code).toBe("NOT_FOUND")
    await store.delete("empty", { signal })
    await clock.advance("1s")
    expect((await failure(async () => handle?.reveal())).code).toBe("NOT_FOUND")
    await store.write("empty", "", { signal })
    await clock.advance("1s")
    expect(handle?.reveal()).toBe("")
  })

  it("is another value than whitespace", async () => {
    const { secrets, store, clock, saidOf } = rig(clock => memory({ odd: "" }, { clock }))
    const handle = await secrets.get("odd")
    for (const value of [" ", "\n", "", "\u0000"]) {
      await store.write("odd", value, { signal })
      await clock.settle()
      expect(handle.reveal()).toBe(value)
    }
    expect(saidOf("accepted").every(event => event.version === "v1" || event.changed)).toBe(true)
  })
})

describe("bytes and the text that they are", () => {
  it("are different values", async () => {
    const { secrets, store, clock, canary, saidOf } = rig((clock, { text }) =>
      memory({ odd: text }, { clock }),
    )
    const handle = await secrets.getBytes("odd")
    await store.write("odd", utf8(canary.text), { signal })
    await clock.settle()
    expect(handle.reveal()).toEqual(utf8(canary.text))
    expect(saidOf("accepted").at(-1)).toMatchObject({ version: "v2" })
  })

  it("are the caller's own: changing them changes nothing for others", async () => {
    const { secrets, canary } = rig((clock, { bytes }) => memory({ odd: bytes }, { clock }))
    const handle = await secrets.getBytes("odd")
    const other = (await secrets.getBytes("odd", { ttl: "1m" })).map(bytes => bytes.length)
    expect(other.reveal()).toBe(24)
    expect(Buffer.from(handle.reveal()).equals(canary.bytes)).toBe(true)
  })
})
