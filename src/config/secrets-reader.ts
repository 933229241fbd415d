import type { Secret, SecretError, SecretStore } from "../core/index.ts"
import type { GateSchema } from "./gate.ts"
import type { SecretFormat } from "./mark.ts"

/** What is asked for one secret. */
export interface SecretRequest {
  readonly name: string
  readonly format: SecretFormat
  readonly schema?: GateSchema
}

/** The part of `Secrets` that reads a configuration. */
export interface SecretsReader {
  readonly store: SecretStore
  getManySettled(
    requests: Readonly<Record<string, SecretRequest>>,
  ): Promise<Readonly<Record<string, Secret<unknown> | SecretError>>>
}
