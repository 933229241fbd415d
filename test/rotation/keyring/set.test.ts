import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatKeySet, type KeySet, readKeySet, withoutOldKeys } from "../../../src/rotation/keyring/set.ts"
import { newCanary } from "../../support/canary.ts"
import { failureOf } from "../../support/rig.ts"

const id = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)) })
const key = fc.record(
  {
    id: id.filter(text => text.length > 0 && text.length <= 256),
    value: fc.string({ minLength: 1, unit: "binary" }),
    notAfter: fc.integer({ min: 0, max: 253_402_300_799_999 }),
    overlap: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  },
  { requiredKeys: ["id", "value"], noNullPrototype: true },
)
const sets = fc
  .uniqueArray(key, { minLength: 1, maxLength: 5, selector: one => one.id })
  .chain(keys => fc.constantFrom(...keys).map((one): KeySet => ({ current: one.id, keys })))

describe("a set of keys", () => {
  it("reads what it writes, whatever the keys are", () => {
    fc.assert(
      fc.property(sets, set => {
        const text = formatKeySet(set)
        expect(readKeySet(text)).toEqual(set)
        expect(formatKeySet(readKeySet(text))).toBe(text)
        expect(text).not.toMatch(/[\n\r]/)
      }),
    )
  })

  it("is written as the documentation says", () => {
    const text = formatKeySet({
      current: "b",
      keys: [
        { id: "b", value: "second" },
        { id: "a", value: "first", notAfter: Date.UTC(2026, 0, 31, 12), overlap: 90_000 },
      ],
    })
    expect(text).toBe(
      '{"current":"b","keys":[{"id":"b","value":"second"},{"id":"a","value":"first","notAfter":"2026-01-31T12:00:00.000Z","overlap":"90000ms"}]}',
    )
  })

  it("may be written by a person, with spaces, time zones and durations", () => {
    const set = readKeySet(`
      { "keys": [ { "value": "first", "id": "a", "notAfter": "2026-01-31T13:00+01:00", "overlap": "1.5h" },
                  { "value": "second", "id": "b" } ], "current": "b" }`)
    expect(set).toEqual({
      current: "b",
      keys: [
        { id: "a", value: "first", notAfter: Date.UTC(2026, 0, 31, 12), overlap: 5_400_000 },
        { id: "b", value: "second" },
      ],
    })
  })

  it.each([
    ["a random key", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"],
    ["a PEM", "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"],
    ["a JWK", '{"kty":"oct","kid":"mine","k":"q83vEjRWeJCrze8SNFZ4kA"}'],
    ["text that begins like an object", "{q83vEjRWeJCrze8SNFZ4kA"],
    ["JSON that is no object", '["current","keys"]'],
  ])("of one key with a fixed id is what %s is", (_what, value) => {
    expect(readKeySet(value)).toEqual({ current: "initial", keys: [{ id: "initial", value }], plain: true })
  })

  const one = '{"id":"a","value":"first"}'
  it.each([
    ["cut off", `{"current":"a","keys":[{"id":"a","value":"CANARY`, /it is not JSON/],
    ["misspelled", `{'current':'a',"keys":[{"id":"a","value":"CANARY"}]}`, /it is not JSON/],
    ["without a current key", `{"keys":[{"id":"a","value":"CANARY"}]}`, /current key is not among/],
    ["with another current key", `{"current":"CANARY","keys":[${one}]}`, /current key is not among/],
    ["with a number as the current key", `{"current":1,"keys":[${one}]}`, /current key is not among/],
    ["without keys", '{"current":"CANARY"}', /keys is no list/],
    ["with no key at all", '{"current":"CANARY","keys":[]}', /keys is no list/],
    ["with an object of keys", '{"current":"a","keys":{"a":"CANARY"}}', /keys is no list/],
    ["with a text as a key", '{"current":"a","keys":["CANARY"]}', /a key is no object/],
    ["with nothing as a key", '{"current":"a","keys":[null]}', /a key is no object/],
    ["with an id twice", `{"current":"a","keys":[${one},{"id":"a","value":"CANARY"}]}`, /the same id/],
    ["with an empty id", '{"current":"","keys":[{"id":"","value":"CANARY"}]}', /the id of a key/],
    ["with a space in an id", '{"current":"a b","keys":[{"id":"a b","value":"CANARY"}]}', /the id of a key/],
    ["with an empty value", '{"current":"a","keys":[{"id":"a","value":""}]}', /the value of a key/],
    ["with a number as value", '{"current":"a","keys":[{"id":"a","value":7}]}', /the value of a key/],
    ["with an unknown field", `{"current":"a","keys":[${one}],"CANARY":1}`, /none of current, keys/],
    [
      "with a misspelled end",
      '{"current":"a","keys":[{"id":"a","value":"CANARY","notafter":"2026-01-31T12:00:00Z"}]}',
      /none of id, value/,
    ],
    [
      "with an end that is no date",
      '{"current":"a","keys":[{"id":"a","value":"first","notAfter":"CANARY"}]}',
      /no date/,
    ],
    [
      "with an end without a zone",
      '{"current":"a","keys":[{"id":"a","value":"first","notAfter":"2026-01-31T12:00:00"}]}',
      /no date/,
    ],
    [
      "with an end that is a number",
      '{"current":"a","keys":[{"id":"a","value":"first","notAfter":1769860800}]}',
      /no date/,
    ],
    [
      "with a day that does not exist",
      '{"current":"a","keys":[{"id":"a","value":"first","notAfter":"2026-13-31T12:00:00Z"}]}',
      /no date/,
    ],
    [
      "with a length without a unit",
      '{"current":"a","keys":[{"id":"a","value":"first","overlap":3600}]}',
      /no duration/,
    ],
    [
      "with a length that is none",
      '{"current":"a","keys":[{"id":"a","value":"first","overlap":"CANARY"}]}',
      /no duration/,
    ],
  ])("is refused %s, and nothing of it is quoted", async (_how, text, message) => {
    const canary = newCanary()
    const error = canary.watch(await failureOf(() => readKeySet(text.replaceAll("CANARY", canary.text))))
    expect(error).toMatchObject({ code: "INVALID_VALUE", message: expect.stringMatching(message) })
  })

  it("can be left with its current key alone, which then has no end", () => {
    const ending = { notAfter: Date.UTC(2026, 0, 31), overlap: 1_000 }
    const keys = [
      { id: "b", value: "second" },
      { id: "a", value: "first", ...ending },
    ]
    expect(withoutOldKeys(formatKeySet({ current: "a", keys }))).toBe(
      '{"current":"a","keys":[{"id":"a","value":"first"}]}',
    )
    expect(withoutOldKeys("a-plain-key")).toBe("a-plain-key")
    expect(() => withoutOldKeys('{"keys":[]}')).toThrow("garbled")
  })

  it("is refused where the secret is empty, or bytes", async () => {
    const canary = newCanary()
    expect(await failureOf(() => readKeySet(""))).toMatchObject({ code: "INVALID_VALUE" })
    expect(canary.watch(await failureOf(() => readKeySet(canary.bytes)))).toMatchObject({
      code: "INVALID_VALUE",
      hint: expect.stringContaining("base64url"),
    })
  })
})
