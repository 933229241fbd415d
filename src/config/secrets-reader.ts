import type { Secret, SecretError, SecretStore } from "../core/index.ts"
import type { Format, StandardSchema } from "../secrets/index.ts"

/** What is asked for one secret. */
export interface SecretRequest {
  readonly name: string
  readonly format: Format
  readonly schema?: StandardSchema
}

/** The part of `Secrets` that reads a configuration. */
export interface SecretsReader {
  readonly store: SecretStore
  getManySettled(
    requests: Readonly<Record<string, SecretRequest>>,
  ): Promise<Readonly<Record<string, Secret<unknown> | SecretError>>>
}
