import type {
  SecretsManager,
  SecretsManagerClient,
  SecretsManagerClientConfig,
} from "@aws-sdk/client-secrets-manager"
import type { AwsOptions, SecretsManagerLike } from "latchkey/aws"
import { expectTypeOf, test } from "vitest"

test("a client of the SDK's can be handed over, and so can its providers of credentials", () => {
  expectTypeOf<SecretsManagerClient>().toExtend<SecretsManagerLike>()
  expectTypeOf<SecretsManager>().toExtend<SecretsManagerLike>()
  expectTypeOf<NonNullable<SecretsManagerClientConfig["credentials"]>>().toExtend<
    NonNullable<AwsOptions["credentials"]>
  >()
})

test("what is no client is refused", () => {
  expectTypeOf<{ getSecretValue(): void }>().not.toExtend<SecretsManagerLike>()
})
