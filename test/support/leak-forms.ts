/** A way in which bytes can stand in a text without being visible to the eye. */
export interface Form {
  readonly name: string
  /** What the text is turned into before it is searched. */
  readonly view: View
  /** Any one of these in the view is a leak. */
  readonly needles: readonly string[]
}

type View = "as it is" | "escapes decoded" | "alphanumerics only" | "numbers only"

/** How many consecutive bytes of a secret are already a leak. */
export const LEAK_LENGTH = 8

/** All forms in which eight consecutive bytes of a canary are recognised. */
export function formsOf(text: string, bytes: Uint8Array): readonly Form[] {
  const spellings = [
    { of: "the text", bytes: Buffer.from(text) },
    { of: "the raw bytes", bytes: Buffer.from(bytes) },
  ]
  return spellings.flatMap(spelling => {
    const { of, bytes } = spelling
    const windows = windowsOf(bytes)
    const clear = windows.map(window => window.toString("latin1"))
    return [
      { name: `${of} in clear`, view: "as it is", needles: clear },
      { name: `${of} in percent form or escaped`, view: "escapes decoded", needles: clear },
      { name: `${of} in base64`, view: "as it is", needles: base64Windows(bytes, "base64") },
      { name: `${of} in base64url`, view: "as it is", needles: base64Windows(bytes, "base64url") },
      { name: `${of} in hex`, view: "alphanumerics only", needles: windows.map(w => w.toString("hex")) },
      { name: `${of} as numbers`, view: "numbers only", needles: windows.map(w => `,${[...w].join(",")},`) },
    ] satisfies Form[]
  })
}

/** The names of the forms in which something stands in a text. */
export function formsIn(text: string, forms: readonly Form[]): string[] {
  const views = new Map<View, string>()
  const viewed = (view: View): string => {
    const known = views.get(view)
    if (known !== undefined) return known
    const made = VIEWS[view](text)
    views.set(view, made)
    return made
  }
  return forms
    .filter(form => form.needles.some(needle => viewed(form.view).includes(needle)))
    .map(form => form.name)
}

const VIEWS: Record<View, (text: string) => string> = {
  "as it is": text => text,
  "escapes decoded": text =>
    text.replace(/(?:%|\\x|\\u00)([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  // Hex comes in pairs, with blanks (Buffer), colons (fingerprints), 0x or nothing between them.
  "alphanumerics only": text =>
    text
      .replace(/0x|\\x/gi, "")
      .replace(/[^0-9a-z]/gi, "")
      .toLowerCase(),
  // Byte arrays come as [1, 2] from inspect, as {"0":1,"1":2} from JSON.
  "numbers only": text => `,${text.replace(/["']?\d+["']?:/g, "").replace(/\D+/g, ",")},`,
}

function windowsOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length - LEAK_LENGTH + 1 }, (_, start) =>
    bytes.subarray(start, start + LEAK_LENGTH),
  )
}

/** What eight consecutive bytes become in base64 at each of the three alignments, without the bits of neighbours. */
function base64Windows(bytes: Buffer, encoding: "base64" | "base64url"): string[] {
  return [0, 1, 2].flatMap(alignment =>
    windowsOf(bytes).map(window => {
      const encoded = Buffer.concat([Buffer.alloc(alignment), window]).toString(encoding)
      return encoded.slice(Math.ceil((8 * alignment) / 6), Math.floor((8 * (alignment + LEAK_LENGTH)) / 6))
    }),
  )
}
