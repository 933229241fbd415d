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
