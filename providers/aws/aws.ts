import { defineStore, SecretError, type StoreWith } from "../../src/core/index.ts"
import { connection } from "./client.ts"
import { awsErrors, errorOf } from "./errors.ts"
import { AwsFailure } from "./failure.ts"
import { awsNames } from "./names.ts"
import { type AwsOptions, checkOptions } from "./options.ts"
import { listSecrets, listVersions, readSecret, readSecrets } from "./read.ts"
import { VALUES, writeSecret } from "./write.ts"

/** How many secrets one `BatchGetSecretValue` takes, by its page in the AWS Secrets Manager API Reference. */
const BATCH = 20

/**
 * Secrets in AWS Secrets Manager, by the package `@aws-sdk/client-secrets-manager`, which is loaded with the first call.
 *
 * A version is the service's `VersionId`; the current one is that with the label AWSCURRENT. A secret that was deleted
 * and can still be brought back is `NOT_FOUND`, and its name is taken: writing to it is `CONFLICT`.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or that Secrets Manager does not understand. At
 * the first call: `MISCONFIGURED` if the package is not installed, or there is no region.
 */
export function aws(
  options: AwsOptions = {},
): StoreWith<"readMany" | "write" | "list" | "versions" | "delete"> {
  const checked = checkOptions(options)
  const { location, naming, recoveryDays } = checked
  const { call, close } = connection(checked)
  const renamed = new Set(Object.values(naming.rename ?? {}))
  const probe = naming.prefix === undefined ? "latchkey/ping" : `${naming.prefix}/latchkey/ping`

  return defineStore({
    kind: "aws",
    location,
    names: awsNames(checked.region),
    naming,
    errors: awsErrors,
    values: VALUES,
    capabilities: {
      preconditions: { absent: true, version: true },
      versionedReads: true,
      batchSize: BATCH,
      binary: true,
      expiry: false,
      softDelete: recoveryDays !== undefined,
      local: false,
    },
    read: async (name, { version, signal }) => await readSecret(call, name, version, signal),
    readMany: async (names, { signal }) => await readSecrets(call, names, signal),
    write: async (name, value, { expect, signal }) => await writeSecret(call, name, value, expect, signal),
    list: ({ under, signal }) => listSecrets(call, under, renamed, signal),
    versions: (name, { signal }) => listVersions(call, name, signal),
    async delete(name, { signal }) {
      if (recoveryDays !== undefined) {
        await call("DeleteSecret", { SecretId: name, RecoveryWindowInDays: recoveryDays }, signal)
        return
      }
      // Deleting for good is answered with success whether there was such a secret or not.
      const { DeletedDate } = await call("DescribeSecret", { SecretId: name }, signal)
      if (DeletedDate !== undefined) {
        throw new SecretError("NOT_FOUND", {
          message: "the secret was deleted",
          hint: "aws secretsmanager delete-secret --force-delete-without-recovery frees its name",
        })
      }
      await call("DeleteSecret", { SecretId: name, ForceDeleteWithoutRecovery: true }, signal)
    },
    async ping({ signal }) {
      try {
        // A name that nobody can write through this library. That it is missing, or not ours to see, says that we are known.
        await call("GetSecretValue", { SecretId: probe, VersionStage: "AWSCURRENT" }, signal)
      } catch (thrown) {
        const code = thrown instanceof AwsFailure ? errorOf(thrown).code : undefined
        if (code !== "NOT_FOUND" && code !== "DENIED") throw thrown
      }
    },
    close,
  })
}
