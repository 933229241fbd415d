import { parseExactly, type SecretValue, type ValueLimits } from "../../src/core/index.ts"
import { VaultFailure } from "./failure.ts"
import { fieldsOf } from "./json.ts"

/**
 * What HashiCorp Vault takes as one string of JSON (`max_json_string_value_length`), and what integrated storage takes as
 * one entry (`max_entry_size`), each by default.
 */
export const VALUES: ValueLimits = { largest: 2 ** 20 }

/** The field that holds the value where it is the only one. */
const FIELD = "value"

/**
 * The value of a secret from the map that the server keeps: the field `value` where it is the only one, else the JSON
 * text of the map, its numbers as the server wrote them.
 *
 * @param text the whole answer, as it came.
 * @param pick finds the map in it.
 * @throws VaultFailure if there is none: then the answer is not the server's.
 */
export function valueIn(text: string, pick: (json: Record<string, unknown>) => unknown): string {
  return valueOfMap(mapIn(text, pick))
}

/**
 * The map itself, which `JSON.stringify` writes as the server wrote it.
 *
 * @throws VaultFailure if there is none: then the answer is not the server's.
 */
export function mapIn(
  text: string,
  pick: (json: Record<string, unknown>) => unknown,
): Record<string, unknown> {
  const map = fieldsOf(pick(fieldsOf(parseExactly(text)) ?? {}))
  if (map === undefined) throw new VaultFailure({ status: 200, reason: "odd-answer" })
  return map
}

/** The value that a map is: see {@link valueIn}. */
export function valueOfMap(map: Readonly<Record<string, unknown>>): string {
  const only = Object.keys(map).length === 1 ? map[FIELD] : undefined
  if (typeof only === "string") return only
  return JSON.stringify(only === undefined ? map : only)
}

/** The map that holds a value: text, because bytes are refused where the capabilities do not promise them. */
export function mapOf(value: SecretValue): Record<string, SecretValue> {
  return { [FIELD]: value }
}
