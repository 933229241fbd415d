import { type SecretStore, Secrets } from "latchkey"
import { dotenv } from "latchkey/dotenv"
import { env } from "latchkey/env"
import { layered } from "latchkey/layered"
import { memory } from "latchkey/memory"
import { expectTypeOf, test } from "vitest"

test("layers can do what one of them can", () => {
  const store = layered([env(), dotenv(".env")])
  expectTypeOf(store.write).toBeFunction()
  expectTypeOf(store.list).toBeFunction()
  expectTypeOf(store.versions).toBeNullable()
  expectTypeOf(layered([env(), memory()]).versions).toBeFunction()
  expectTypeOf(layered([env()]).write).toBeNullable()
})

test("layers rotate if one of them does", () => {
  expectTypeOf(layered([env(), dotenv(".env")]).rotation).toBeFunction()
  expectTypeOf(layered([env()]).rotation).toBeNullable()
})

test("layers list if all of them do", () => {
  const unknown: SecretStore = memory()
  expectTypeOf(layered([env(), unknown]).list).toBeNullable()
})

test("secrets over layers that cannot write have no put", () => {
  void new Secrets(layered([env(), dotenv(".env")])).put("a", "x")
  // @ts-expect-error the environment cannot be written
  void new Secrets(layered([env()])).put("a", "x")
})
