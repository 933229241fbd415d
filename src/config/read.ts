import { isSecretError, type SecretError } from "../core/index.ts"
import { type Gate, gateOf } from "./gate.ts"
import type { Field } from "./plan.ts"
import { keeps } from "./run-schema.ts"
import type { SecretRequest, SecretsReader } from "./secrets-reader.ts"

/** Variables by name. */
export type Settings = Readonly<Record<string, string | undefined>>

/** How a setting can be set without having a value: to nothing at all, or to white space alone. */
export type Emptiness = "empty" | "blank"

/** What the sources gave. */
export interface Reading {
  /** What is put at the place of a field: a handle, the text of a variable, or {@link FAILED}. */
  readonly values: ReadonlyMap<Field, unknown>
  /** Why a secret that is not simply missing has no handle. */
  readonly failures: ReadonlyMap<Field, SecretError>
  /** What the store says of the secrets that are missing. */
  readonly absent: ReadonlyMap<Field, SecretError>
  /** Settings that are set, but empty or blank, and count as unset. */
  readonly empty: ReadonlyMap<Field, Emptiness>
  /** The gates of the secrets that have a schema. */
  readonly gates: ReadonlyMap<Field, Gate>
}

/** Stands at the place of a secret that could not be read; every schema of a secret refuses it. */
const FAILED: unknown = Object.freeze({})

/** Reads all fields: the secrets in one round. */
export async function readAll(
  fields: readonly Field[],
  secrets: SecretsReader,
  settings: Settings,
): Promise<Reading> {
  const reading: OpenReading = {
    values: new Map(),
    failures: new Map(),
    absent: new Map(),
    empty: new Map(),
    gates: new Map(),
  }
  await Promise.all([readSecrets(fields, secrets, reading), readSettings(fields, settings, reading)])
  return reading
}

interface OpenReading extends Reading {
  readonly values: Map<Field, unknown>
  readonly failures: Map<Field, SecretError>
  readonly absent: Map<Field, SecretError>
  readonly empty: Map<Field, Emptiness>
  readonly gates: Map<Field, Gate>
}

async function readSecrets(
  fields: readonly Field[],
  secrets: SecretsReader,
  { values, failures, absent, gates }: OpenReading,
): Promise<void> {
  const requests: Record<string, SecretRequest> = {}
  const fieldByKey = new Map<string, Field>()
  for (const [index, field] of fields.entries()) {
    if (field.mark.kind !== "secret") continue
    const { name, format, schema } = field.mark
    if (schema !== undefined) gates.set(field, gateOf(schema))
    const gate = gates.get(field)
    // Not by its path, which could be any string: "__proto__" too.
    const key = `field${index}`
    requests[key] = gate === undefined ? { name, format } : { name, format, schema: gate.schema }
    fieldByKey.set(key, field)
  }
  if (fieldByKey.size === 0) return

  const answers = await secrets.getManySettled(requests)
  for (const [key, field] of fieldByKey) {
    const answer = answers[key]
    if (!isSecretError(answer)) values.set(field, answer)
    else if (answer.code === "NOT_FOUND") absent.set(field, answer)
    else {
      values.set(field, FAILED)
      failures.set(field, answer)
    }
  }
}

async function readSettings(
  fields: readonly Field[],
  settings: Settings,
  { values, empty }: OpenReading,
): Promise<void> {
  for (const field of fields) {
    if (field.mark.kind !== "setting") continue
    const { variable } = field.mark
    const value = Object.hasOwn(settings, variable) ? settings[variable] : undefined
    if (value === undefined) continue
    // White space too: to z.coerce.number() it is 0, which nobody meant.
    if (value.trim() !== "" || (await anyKeeps(field, value))) values.set(field, value)
    else empty.set(field, value === "" ? "empty" : "blank")
  }
}

async function anyKeeps(field: Field, text: string): Promise<boolean> {
  const answers = await Promise.all(field.schemas.map(schema => keeps(schema, text)))
  return answers.includes(true)
}
