import type { SecretValue } from "../../core/index.ts"
import { calm, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, ensureReads } from "./check.ts"

const MEBIBYTE = 2 ** 20

/** Odd values that a backend may be given, by what is odd about them. */
const ODD_VALUES: Readonly<Record<string, SecretValue>> = {
  "an empty value": "",
  "a value of one blank": " ",
  "a value of blanks, tabs and newlines": " \t\r\n \n",
  "a value of one byte": "x",
  "a value of several lines, the last one ended": "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\n",
  "a value with Windows line ends": "one\r\ntwo\r\n",
  "a value that ends in two newlines": "one\n\n",
  "a value in JSON": '{"user":"a","password":"b c","hosts":["x"]}',
  "a value that looks like a number": "0012",
  'a value that is the word "null"': "null",
  "a value with all quotation marks, # and $": `a"b'c\`d#e $f $\{g\\n\\`,
  "a value with a NUL character": "before\u0000after",
  "a value beyond ASCII": "ключ–鍵–🔑–e\u0301",
  "a value with a byte-order mark": "\uFEFFvalue",
  "bytes that are no text": Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a),
  "a single byte that is no text": Uint8Array.of(0x80),
}

/** What a value may be, put by the service's own means and through the store. */
export const valueChecks: readonly Check[] = [
  ...Object.entries(ODD_VALUES).map(
    ([what, value]): Check => ({
      name: `gives ${what} back unchanged, or refuses it`,
      run: bench => ensureKept(bench, value, what),
    }),
  ),
  {
    name: "shares no bytes with those who read and write, where it holds bytes",
    run: ensureOwnBytes,
  },
  {
    name: "gives a value of 1 MiB back unchanged, or the largest that it holds",
    run: bench =>
      ensureKept(bench, "m".repeat(Math.min(MEBIBYTE, bench.largest ?? MEBIBYTE)), "a large value"),
  },
  {
    name: "refuses a value that is larger than it holds with INVALID_VALUE, where there is a limit",
    async run(bench) {
      const { store, largest } = bench
      if (largest === undefined || store.write === undefined) return
      const [name, before] = [bench.name("large"), bench.value()]
      await bench.put(name, before)
      const write = store.write.bind(store)
      await ensureRejects(
        () => write(name, "m".repeat(largest + 1), calm()),
        "INVALID_VALUE",
        "too large a value",
      )
      await ensureReads(store, name, before, "the value before")
    },
  },
]

async function ensureOwnBytes(bench: Bench): Promise<void> {
  const { store } = bench
  const { readMany } = store
  const bytes = Uint8Array.of(0xff, 1, 2, 0xfe)
  if (!bench.holds(bytes)) return
  const name = bench.name("bytes")
  await bench.put(name, bytes.slice())
  const overwrite = (value: SecretValue | undefined): void => {
    if (value instanceof Uint8Array) value.fill(0)
  }
  overwrite((await ensureReads(store, name, bytes, "bytes")).value)
  await ensureReads(store, name, bytes, "bytes after those of another read were overwritten")
  if (readMany !== undefined) {
    const answer = (await readMany.call(store, [name], calm())).get(name)
    overwrite(answer !== undefined && "value" in answer ? answer.value : undefined)
    await ensureReads(store, name, bytes, "bytes after those of a batch were overwritten")
  }
  if (store.write === undefined) return
  const [written, given] = [bench.name("written"), bytes.slice()]
  await store.write(written, given, calm())
  overwrite(given)
  await ensureReads(store, written, bytes, "bytes after those that were written were overwritten")
}

async function ensureKept(bench: Bench, value: SecretValue, what: string): Promise<void> {
  const { store } = bench
  if (bench.holds(value)) {
    const put = bench.name("put")
    await bench.put(put, value)
    await ensureReads(store, put, value, `${what} that the service was given`)
  }
  if (store.write === undefined) return
  const write = store.write.bind(store)
  const [name, before] = [bench.name("written"), bench.value()]
  await write(name, before, calm())
  if (bench.holds(value)) {
    await write(name, value, calm())
    await ensureReads(store, name, value, `${what} that the store was given`)
    return
  }
  const code = typeof value === "string" || store.capabilities.binary ? "INVALID_VALUE" : "UNSUPPORTED"
  await ensureRejects(() => write(name, value, calm()), code, `writing ${what}`)
  await ensureReads(store, name, before, `the value before ${what} was refused`)
}
