import { defineStore, type NativeLedger, type StoreDefinition, type StoreWith } from "../../src/core/index.ts"
import { type Connection, connection } from "./client.ts"
import { awsErrors, errorOf } from "./errors.ts"
import { AwsFailure } from "./failure.ts"
import { awsNames } from "./names.ts"
import {
  type AwsOptions,
  type AwsStageOptions,
  type CheckedOptions,
  CURRENT,
  checkOptions,
} from "./options.ts"
import { listSecrets, listVersions, readSecret, readSecrets } from "./read.ts"
import { rotationLedger } from "./rotation/index.ts"
import { deleteSecret, VALUES, writeSecret } from "./write.ts"

/** How many secrets one `BatchGetSecretValue` takes, by its page in the AWS Secrets Manager API Reference. */
const BATCH = 20

const READ_ONLY = { preconditions: { absent: false, version: false }, batchSize: 1, softDelete: false }

/**
 * Secrets in AWS Secrets Manager, by the package `@aws-sdk/client-secrets-manager`, which is loaded with the first call.
 *
 * A version is the service's `VersionId`; the current one is that with the label AWSCURRENT, or with that of the option
 * `stage`: then secrets are read, one at a time, and not changed. A secret that was deleted and can still be brought back
 * is `NOT_FOUND`, and its name is taken: writing to it is `CONFLICT`.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist or that Secrets Manager does not understand. At
 * the first call: `MISCONFIGURED` if the package is not installed, or there is no region.
 */
export function aws(options: AwsStageOptions): StoreWith<"list" | "versions">
export function aws(
  options?: AwsOptions,
): StoreWith<"readMany" | "write" | "list" | "versions" | "delete" | "rotation">
export function aws(options: AwsOptions = {}): StoreWith<"list" | "versions"> {
  const checked = checkOptions(options)
  return storeOn(connection(checked), checked)
}

/**
 * A store on a connection.
 *
 * @param rotation the ledger of its rotations. Default: that of rotations of ours.
 */
export function storeOn(
  way: Connection,
  checked: CheckedOptions,
  rotation: () => NativeLedger = () => rotationLedger(way, checked),
): StoreWith<"list" | "versions"> {
  const { location, naming, stage, recoveryDays, fresh } = checked
  const { call, close } = way
  const renamed = new Set(Object.values(naming.rename ?? {}))
  const probe = naming.prefix === undefined ? "latchkey/ping" : `${naming.prefix}/latchkey/ping`

  const definition = {
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
    read: async (name, options) => await readSecret(call, name, stage, options),
    list: ({ under, signal }) => listSecrets(call, stage, under, renamed, signal),
    versions: (name, { signal }) => listVersions(call, name, stage, signal),
    async ping({ signal }) {
      try {
        // A name that nobody can write through this library. That it is missing, or not ours to see, says that we are known.
        await readSecret(call, probe, stage, { signal })
      } catch (thrown) {
        const code = thrown instanceof AwsFailure ? errorOf(thrown).code : undefined
        if (code !== "NOT_FOUND" && code !== "DENIED") throw thrown
      }
    },
    close,
  } satisfies StoreDefinition

  // Neither does a batch know of other stages, nor is there a way to change a secret for one of them only.
  if (stage !== CURRENT)
    return defineStore({ ...definition, capabilities: { ...definition.capabilities, ...READ_ONLY } })

  return defineStore({
    ...definition,
    readMany: async (names, { signal }) => await readSecrets(call, names, signal),
    write: async (name, value, options) => await writeSecret(way, fresh, name, value, options),
    delete: async (name, { signal }) => await deleteSecret(call, name, recoveryDays, signal),
    rotation,
  })
}
