/**
 * What a JSON text holds, its numbers as they are written: a JavaScript number cannot hold a long id. `JSON.stringify`
 * writes them as they were.
 *
 * @throws SyntaxError which quotes the text: it is to be caught at once, and let go.
 */
export function parseExactly(text: string): unknown {
  // The types do not know yet what the reviver is told beside key and value.
  return JSON.parse(text, keepNumber as (key: string, value: unknown) => unknown)
}

/** Whether a part of such a JSON text is a number, kept as it is written. */
export function isExactNumber(part: unknown): boolean {
  return isRawJson(part)
}

function keepNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" && context?.source !== undefined ? rawJson(context.source) : value
}

/** What Node has of JSON beyond what the types know. */
const { rawJSON: rawJson, isRawJSON: isRawJson } = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
}
