import { parse } from "dotenv"
import { SecretError } from "../../src/core/index.ts"

const BYTE_ORDER_MARK = "\uFEFF"

/** A `.env` as text: what stands before the first character is kept apart, because the format does not know it. */
export interface EnvText {
  readonly mark: "" | typeof BYTE_ORDER_MARK
  readonly text: string
}

/** @throws SecretError `INVALID_VALUE` if the bytes are no UTF-8. */
export function decode(bytes: Uint8Array): EnvText {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.startsWith(BYTE_ORDER_MARK)
      ? { mark: BYTE_ORDER_MARK, text: text.slice(1) }
      : { mark: "", text }
  } catch {
    throw new SecretError("INVALID_VALUE", {
      message: "the file is not UTF-8",
      hint: "save it as UTF-8, and bytes in a file of their own, named by NAME_FILE",
    })
  }
}

export function encode({ mark, text }: EnvText): Uint8Array {
  return new TextEncoder().encode(mark + text)
}

/**
 * The entries of a `.env`, as the `dotenv` package understands it: the last one of a name counts, nothing is expanded,
 * nothing is printed, `process.env` stays as it is.
 *
 * @throws SecretError `INVALID_VALUE` where that package gives up: it cannot take quoted values of several megabytes.
 */
export function entriesOf(text: string): Map<string, string> {
  try {
    return new Map(Object.entries(parse(text)))
  } catch {
    throw new SecretError("INVALID_VALUE", {
      message:
        "a quoted value in the file is too long for its format, or its quotation marks are never closed",
      hint: "put long values into files of their own, named by NAME_FILE",
    })
  }
}
