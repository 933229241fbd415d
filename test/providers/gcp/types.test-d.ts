import type { SecretManagerServiceClient } from "@google-cloud/secret-manager"
import type { GcpClient, GcpOptions } from "latchkey/gcp"
import { expectTypeOf, test } from "vitest"

test("a client of the SDK's can be handed over, and so can one of its authentication clients", () => {
  expectTypeOf<SecretManagerServiceClient>().toExtend<GcpClient>()
  type AuthClient = Awaited<ReturnType<SecretManagerServiceClient["auth"]["getClient"]>>
  expectTypeOf<AuthClient>().toExtend<NonNullable<GcpOptions["authClient"]>>()
})

test("what is no client is refused", () => {
  expectTypeOf<{ accessSecretVersion(): void }>().not.toExtend<GcpClient>()
})
