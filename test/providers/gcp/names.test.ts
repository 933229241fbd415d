import { gcp } from "latchkey/gcp"
import { expect, test } from "vitest"
import { calm, collect, errorOf, rig } from "./support.ts"

const store = gcp({ project: "my-project" })

test.for([
  ["tally/api-token", "tally/api-token"],
  ["tally--api-token", "tally/api-token"],
  ["TALLY_API_KEY", "TALLY_API_KEY"],
  ["Tally--Api", "Tally--Api"],
  ["a---b", "a---b"],
  ["-a", "-a"],
  ["a".repeat(255), "a".repeat(255)],
] as const)("%s is called %s", ([name, canonical]) => {
  expect(store.canonical(name)).toBe(canonical)
})

test.for([
  ["a dot", "tally.token"],
  ["a slash that is none of ours", "Tally/Token"],
  ["more than 255 characters", "a".repeat(256)],
  ["more than 255 characters once slashes count as two", `${"a/".repeat(100)}${"b".repeat(100)}`],
  ["another script", "schlüssel"],
  ["a version", "tally/versions/1:access"],
] as const)("a name with %s is refused with the rule, before anything is sent", async ([, name]) => {
  const { server, store } = await rig()
  const error = await errorOf(store.read(name, calm))
  expect(error.code).toBe("INVALID_NAME")
  expect(error.hint).toContain("255")
  expect(server.log.requests).toHaveLength(0)
})

test("names that differ in case only are two secrets", async () => {
  const { server, store } = await rig()
  server.put("TOKEN", "upper")
  server.put("token", "lower")
  expect((await store.read("TOKEN", calm)).value === "upper").toBe(true)
  expect((await store.read("token", calm)).value === "lower").toBe(true)
})

test("under a prefix, only what stands below it is found and listed", async () => {
  const { server, store } = await rig({ prefix: "prod", rename: { legacy: "LEGACY_KEY" } })
  server.put("prod--tally--api-token", "tly-1")
  server.put("tally--api-token", "tly-2")
  server.put("LEGACY_KEY", "tly-3")
  expect((await store.read("tally/api-token", calm)).value === "tly-1").toBe(true)
  expect((await store.read("legacy", calm)).value === "tly-3").toBe(true)
  const names = (await collect(store.list(calm))).map(({ name }) => name)
  expect(names.sort()).toEqual(["legacy", "tally/api-token"])
  expect((await collect(store.list({ ...calm, under: "tally" }))).map(({ name }) => name)).toEqual([
    "tally/api-token",
  ])
})
