/**
 * What a `Retry-After` header asks for, in milliseconds; `undefined` if it is missing or says nothing (RFC 9110, 10.2.3).
 *
 * @param header the header as it came: whole seconds, or a date.
 * @param now the time on the clock that the date is held against, in milliseconds since 1970.
 */
export function retryAfterOf(header: unknown, now: number = Date.now()): number | undefined {
  const text = typeof header === "number" ? String(header) : header
  if (typeof text !== "string") return undefined
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1_000
  // Only a date has letters and digits both; Date.parse takes much that is none.
  if (!/[A-Za-z]{3}.*\d\d:\d\d:\d\d/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
