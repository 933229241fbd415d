/** An object of JSON, or `undefined` for anything else. */
export function fieldsOf(thing: unknown): Record<string, unknown> | undefined {
  return typeof thing === "object" && thing !== null && !Array.isArray(thing)
    ? (thing as Record<string, unknown>)
    : undefined
}

/** A text, or `undefined` for anything else. */
export function textOf(thing: unknown): string | undefined {
  return typeof thing === "string" ? thing : undefined
}

/** A number, or `undefined` for anything else. */
export function numberOf(thing: unknown): number | undefined {
  return typeof thing === "number" ? thing : undefined
}

/** A moment that the server gives (RFC 3339), or `undefined` where it says that there is none. */
export function dateOf(thing: unknown): Date | undefined {
  const date = new Date(textOf(thing) || Number.NaN)
  // Go writes the year 1 for no time at all.
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() <= 1 ? undefined : date
}

/** Texts by key, or `undefined` where there are none. */
export function labelsOf(thing: unknown): Record<string, string> | undefined {
  const labels = Object.entries(fieldsOf(thing) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  )
  return labels.length === 0 ? undefined : Object.fromEntries(labels)
}

/** An answer's JSON once more, with its numbers as they are written: a JavaScript number cannot hold a long id. */
export function parseExactly(text: string): Record<string, unknown> | undefined {
  // The types do not know yet what the reviver is told beside key and value.
  return fieldsOf(JSON.parse(text, keepNumber as (key: string, value: unknown) => unknown))
}

function keepNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" && context?.source !== undefined ? rawJson(context.source) : value
}

/** What Node has of JSON beyond what the types know. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): object }
