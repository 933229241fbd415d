import { expect, test } from "vitest"
import { newCanary } from "../support/canary.ts"
import { depot, fromUrl } from "./index.ts"

test("a URL gives the place and the prefix, and the environment gives the token", () => {
  expect(fromUrl(new URL("depot://127.0.0.1:7700?prefix=prod"), { DEPOT_TOKEN: "token" })).toEqual({
    url: "http://127.0.0.1:7700",
    token: "token",
    prefix: "prod",
  })
})

test.for([
  "depot://h?perfix=prod",
  "depot://user:CANARY@h",
  "depot://h?token=CANARY",
])("the URL %s is refused, and not quoted", url => {
  const canary = newCanary()
  const refused = () => fromUrl(new URL(url.replace("CANARY", canary.text)), {})
  expect(refused).toThrow("MISCONFIGURED")
  expect(refused).not.toThrow(canary.text)
})

test("options that do not exist, or say nothing, are refused when the store is made", () => {
  const good = { url: "http://127.0.0.1:7700", token: "token" }
  expect(depot(good).location).toBe("depot://127.0.0.1:7700")
  for (const bad of [{ tokn: "token" }, { token: "" }, { url: "somewhere" }])
    expect(() => depot({ ...good, ...bad })).toThrow("MISCONFIGURED")
})
