import type { DefaultAzureCredential } from "@azure/identity"
import type { SecretClient } from "@azure/keyvault-secrets"
import { type AzureOptions, azure } from "latchkey/azure"
import { expectTypeOf, test } from "vitest"

test("what the SDK makes fits where it is taken", () => {
  expectTypeOf<SecretClient>().toExtend<NonNullable<AzureOptions["client"]>>()
  expectTypeOf<DefaultAzureCredential>().toExtend<NonNullable<AzureOptions["credential"]>>()
})

test("the store has what a vault can do", () => {
  const store = azure({ vault: "my-vault" })
  expectTypeOf(store.write).toBeFunction()
  expectTypeOf(store.list).toBeFunction()
  expectTypeOf(store.versions).toBeFunction()
  expectTypeOf(store.delete).toBeFunction()
})
