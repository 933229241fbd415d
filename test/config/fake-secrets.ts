import type { SecretRequest, SecretsReader } from "../../src/config/index.ts"
import {
  fieldOf,
  isSecretError,
  parseReference,
  Secret,
  SecretError,
  type SecretStore,
} from "../../src/core/index.ts"
import type { StandardSchema } from "../../src/secrets/index.ts"

/** Secrets without any policy, for tests that are about the loader alone; counts the rounds. */
export interface FakeSecrets extends SecretsReader {
  readonly rounds: readonly Readonly<Record<string, SecretRequest>>[]
}

/** @param failures errors by name that are given instead of what the store holds. */
export function fakeSecrets(
  store: SecretStore,
  failures: Readonly<Record<string, SecretError>> = {},
): FakeSecrets {
  const rounds: Readonly<Record<string, SecretRequest>>[] = []

  async function read({ name: reference, format, schema }: SecretRequest): Promise<Secret<unknown>> {
    const failure = failures[reference]
    if (failure !== undefined) throw failure
    const { name, field } = parseReference(reference)
    const { value } = await store.read(name, { signal: new AbortController().signal })
    const raw = field === undefined ? value : fieldOf(value, field, reference)
    return Secret.fixed(reference, await accepted(inFormat(raw, format), reference, schema))
  }

  return {
    store,
    rounds,
    async getManySettled(requests) {
      rounds.push(requests)
      const answers = Object.entries(requests).map(async ([key, request]) => {
        const answer = await read(request).catch((thrown: unknown) => {
          if (isSecretError(thrown)) return thrown
          throw thrown
        })
        return [key, answer] as const
      })
      return Object.fromEntries(await Promise.all(answers))
    },
  }
}

function inFormat(raw: string | Uint8Array, format: SecretRequest["format"]): unknown {
  if (format === "bytes") return typeof raw === "string" ? new TextEncoder().encode(raw) : raw
  return format === "json" ? JSON.parse(String(raw)) : raw
}

async function accepted(
  value: unknown,
  secret: string,
  schema: StandardSchema | undefined,
): Promise<unknown> {
  if (schema === undefined) return value
  const result = await schema["~standard"].validate(value)
  if (result.issues === undefined) return result.value
  throw new SecretError("INVALID_VALUE", { secret, message: "the schema does not accept the value" })
}
