/** The properties of whatever was thrown; of what is no object, none. */
export function fieldsOf(thing: unknown): Readonly<Record<string, unknown>> {
  return typeof thing === "object" && thing !== null ? (thing as Record<string, unknown>) : {}
}

/** A code that looks like one: it is compared, and a text that somebody wrote is none. */
export function wordOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z]\w{0,63}$/.test(value) ? value : undefined
}

/** A status, or the number of an error. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
