import { SecretError } from "./error.ts"
import { isExactNumber, parseExactly } from "./exact-json.ts"
import type { SecretValue } from "./store.ts"

/**
 * One field of a secret that is a JSON object or array: a key of its own (`password`), or a JSON pointer
 * (RFC 6901) if it starts with a slash (`/hosts/0`). A field that is no string is its JSON text, with its numbers as
 * they are written, also those that a JavaScript number cannot hold.
 *
 * @throws SecretError `INVALID_VALUE` where the value is no JSON or has no such field. The message is fixed text:
 * a JSON parser quotes its input.
 */
export function fieldOf(value: SecretValue, field: string, reference: string): string {
  const found = field.startsWith("/")
    ? followPointer(parse(value, reference), field)
    : ownProperty(parse(value, reference), field)
  if (found === undefined) {
    throw new SecretError("INVALID_VALUE", {
      secret: reference,
      message: "the secret has no such field",
      hint: "a field is named as in db#password, a deeper one by a JSON pointer as in db#/hosts/0",
    })
  }
  return typeof found === "string" ? found : textOf(found, reference)
}

function textOf(found: unknown, reference: string): string {
  try {
    return JSON.stringify(found)
  } catch {
    // The parser goes to any depth, the writer does not.
    throw new SecretError("INVALID_VALUE", { secret: reference, message: "the field is nested too deeply" })
  }
}

function parse(value: SecretValue, reference: string): unknown {
  if (typeof value === "string") {
    try {
      return parseExactly(value)
    } catch {
      // The parser's own message quotes the value; the fixed one below takes its place.
    }
  }
  throw new SecretError("INVALID_VALUE", {
    secret: reference,
    message: "the value is not JSON",
    hint: "a field can only be picked from a secret whose value is a JSON object; store one, or leave out the #field",
  })
}

function followPointer(document: unknown, pointer: string): unknown {
  let here = document
  for (const token of pointer.slice(1).split("/")) {
    here = ownProperty(here, token.replaceAll("~1", "/").replaceAll("~0", "~"))
  }
  return here
}

function ownProperty(container: unknown, key: string): unknown {
  if (typeof container !== "object" || container === null || isExactNumber(container)) return undefined
  // RFC 6901 allows array indexes without leading zeros only; "length" and the like are no fields.
  if (Array.isArray(container) && !/^(?:0|[1-9]\d*)$/.test(key)) return undefined
  return Object.hasOwn(container, key) ? (container as Record<string, unknown>)[key] : undefined
}
