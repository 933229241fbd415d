import { isSecretError, SecretError } from "../../src/core/index.ts"
import { decode, type EnvText, encode, entriesOf } from "./format.ts"
import { waysToWrite } from "./quoting.ts"
import { type Entry, scan } from "./scan.ts"

/**
 * The file with one value replaced, or added at its end; comments, order, other values, line ends and the byte-order
 * mark stay as they are, and the value keeps its quotation marks if it can. Of a name that stands there several times
 * the last one changes, because that is the one that counts.
 *
 * @throws SecretError `INVALID_VALUE` if the format has no way to write this value; `MISCONFIGURED` if it has one, and
 * what else stands in the file gives it another meaning.
 */
export function setEntry(bytes: Uint8Array, name: string, value: string): Uint8Array {
  const file = decode(bytes)
  const wanted = new Map(entriesOf(file.text)).set(name, value)
  const entry = scan(file.text).findLast(one => one.name === name)
  const lineEnd = file.text.includes("\r\n") ? "\r\n" : "\n"
  const before = entry === undefined ? undefined : file.text.slice(entry.value.start, entry.value.end)

  const ways = waysToWrite(value, before, lineEnd)
  for (const written of ways) {
    const text =
      entry === undefined
        ? append(file.text, `${name}=${written}`, lineEnd)
        : replaceValue(file.text, entry, written)
    const changed = checked({ ...file, text }, wanted)
    if (changed !== undefined) return changed
  }
  const alone = new Map([[name, value]])
  if (ways.some(written => checked({ mark: "", text: `${name}=${written}` }, alone) !== undefined))
    throw unsafe()
  throw new SecretError("INVALID_VALUE", {
    message: "the format of .env files has no way to write this value",
    hint: `put it into a file of its own and its path into ${name}_FILE`,
  })
}

/**
 * The file without a name: every entry of it goes, or the one before would come back to life.
 *
 * @throws SecretError `MISCONFIGURED` if that changed the meaning of what is left.
 */
export function removeEntry(bytes: Uint8Array, name: string): Uint8Array {
  const file = decode(bytes)
  const wanted = new Map(entriesOf(file.text))
  wanted.delete(name)
  const text = scan(file.text)
    .filter(entry => entry.name === name)
    .reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), file.text)
  const changed = checked({ ...file, text }, wanted)
  if (changed === undefined) throw unsafe()
  return changed
}

function replaceValue(text: string, { value }: Entry, written: string): string {
  return text.slice(0, value.start) + written + text.slice(value.end)
}

function append(text: string, line: string, lineEnd: string): string {
  const gap = text === "" || /[\r\n]$/.test(text) ? "" : lineEnd
  return text + gap + line + lineEnd
}

/** The file as it would be written, if reading it back gives just these entries. */
function checked(file: EnvText, wanted: ReadonlyMap<string, string>): Uint8Array | undefined {
  const bytes = encode(file)
  const found = readBack(bytes)
  if (found?.size !== wanted.size) return undefined
  return Array.from(wanted).every(([name, value]) => found.get(name) === value) ? bytes : undefined
}

function readBack(bytes: Uint8Array): Map<string, string> | undefined {
  try {
    return entriesOf(decode(bytes).text)
  } catch (thrown) {
    // What cannot be read back is one more way that says something else.
    if (isSecretError(thrown)) return undefined
    throw thrown
  }
}

function unsafe(): SecretError {
  return new SecretError("MISCONFIGURED", {
    message: "the file cannot be changed without changing what else stands in it",
    hint: "look for quotation marks that are not closed, or change it by hand",
  })
}
