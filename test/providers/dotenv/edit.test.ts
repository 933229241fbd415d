import { parse } from "dotenv"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { removeEntry, setEntry } from "../../../providers/dotenv/edit.ts"
import { scan } from "../../../providers/dotenv/scan.ts"
import { isSecretError } from "../../../src/core/index.ts"
import { type Canary, newCanary } from "../../support/canary.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (content: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(content)
const set = (file: string, name: string, value: string) => text(setEntry(bytes(file), name, value))
const remove = (file: string, name: string) => text(removeEntry(bytes(file), name))
const codeOf = (call: () => unknown, canary?: Canary): string | undefined => {
  try {
    call()
  } catch (thrown) {
    canary?.watch(thrown)
    if (isSecretError(thrown)) return thrown.code
    throw thrown
  }
  return undefined
}

/** The characters that mean something in a `.env`, and a few that do not. */
const awkward = fc.string({
  unit: fc.constantFrom(
    "a",
    "n",
    "r",
    " ",
    "'",
    '"',
    "`",
    "#",
    "\\",
    "=",
    "\n",
    "\r",
    "$",
    "é",
    "\u2028",
    "\0",
  ),
  maxLength: 12,
})
const name = fc.constantFrom("A", "B", "C_D", "E1")
/** Lines as people and programs write them, good and bad. */
const line = fc.oneof(
  fc.tuple(name, awkward).map(([key, value]) => `${key}=${value}`),
  fc.tuple(name, awkward).map(([key, value]) => `export ${key} = "${value}" # it's a comment`),
  fc.tuple(name, awkward).map(([key, value]) => `${key}: '${value}'`),
  fc.tuple(name).map(([key]) => `${key}=`),
  fc.constantFrom("", "# a comment", "  # it's", "no entry", "A='never closed", 'B="never closed', "C_D:"),
)
const file = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n"), fc.constantFrom("", "\uFEFF"))
  .map(([lines, lineEnd, mark]) => mark + lines.join(lineEnd))

const withoutMark = (content: string) => content.replace(/^\uFEFF/, "")
const entries = (content: string) => new Map(Object.entries(parse(withoutMark(content))))

describe("setting an entry of a .env", () => {
  it("writes what dotenv itself reads back, and leaves every other key as it was, or refuses", () => {
    let written = 0
    fc.assert(
      fc.property(file, name, awkward, (before, key, value) => {
        let after: string
        try {
          after = set(before, key, value)
        } catch (thrown) {
          expect(isSecretError(thrown) && ["INVALID_VALUE", "MISCONFIGURED"].includes(thrown.code)).toBe(true)
          return
        }
        written += 1
        expect(entries(after)).toEqual(entries(before).set(key, value))
        expect(after.startsWith("\uFEFF")).toBe(before.startsWith("\uFEFF"))
      }),
      { numRuns: 3_000 },
    )
    expect(written).toBeGreaterThan(2_000)
  })

  it("refuses only values for which no way of quoting says the same", () => {
    fc.assert(
      fc.property(awkward, value => {
        const escaped = value.replaceAll("\n", "\\n").replaceAll("\r", "\\r")
        const ways = [value, `'${value}'`, `"${value}"`, `\`${value}\``, `"${escaped}"`]
        const possible = ways.some(way => parse(`A=${way}\n`).A === value)
        expect(codeOf(() => set("", "A", value))).toBe(possible ? undefined : "INVALID_VALUE")
      }),
      { numRuns: 3_000 },
    )
  })

  it("refuses the two kinds of value that the format cannot hold", () => {
    const canary = newCanary()
    const file = `A=${canary.text}\n`
    expect(codeOf(() => set(file, "A", `'"\`#${canary.text}`), canary)).toBe("INVALID_VALUE")
    expect(codeOf(() => set(file, "A", `\r\\n${canary.text}`), canary)).toBe("INVALID_VALUE")
  })

  it("refuses half of a surrogate pair, which no UTF-8 can hold", () => {
    const canary = newCanary()
    expect(codeOf(() => set("A=1\n", "A", `\ud800${canary.text}`), canary)).toBe("INVALID_VALUE")
  })

  it("keeps the quotation marks of the value where the new one allows it", () => {
    expect(set("A='1'\nB=2\n", "A", "new value")).toBe("A='new value'\nB=2\n")
    expect(set('A="1"\n', "A", "new value")).toBe('A="new value"\n')
    expect(set("A=`1`\n", "A", "new value")).toBe("A=`new value`\n")
    expect(set("A=1\n", "A", "new/value=")).toBe("A=new/value=\n")
    expect(set("A=one two\n", "A", "three four")).toBe("A=three four\n")
  })

  it("chooses other quotation marks where the old ones cannot hold the value", () => {
    expect(set("A='1'\n", "A", "it's # new")).toBe('A="it\'s # new"\n')
    expect(set("A=1\n", "A", "a # b")).toBe("A='a # b'\n")
  })

  it("does not leave a dollar sign bare in a file that a shell may read", () => {
    expect(set("A=old\n", "A", "$(reboot)")).toBe("A='$(reboot)'\n")
  })

  it("keeps line ends escaped in a value whose line ends were escaped", () => {
    expect(set('A="x\\ny"\n', "A", "1\n2")).toBe('A="1\\n2"\n')
  })

  it("keeps comments, order, export, spacing, colons and everything else", () => {
    const before = "# head\n\nexport  A = 'x' # why\nB: y\nnot an entry\n  C=z   # end"
    expect(set(before, "A", "1")).toBe(before.replace("'x'", "'1'"))
    expect(set(before, "B", "1")).toBe(before.replace("B: y", "B: 1"))
    expect(set(before, "C", "1")).toBe(before.replace("C=z", "C=1"))
  })

  it("keeps Windows line ends, also inside a value and behind an entry that it adds", () => {
    expect(set("A=1\r\nB=2\r\n", "A", "x")).toBe("A=x\r\nB=2\r\n")
    expect(set("A='1'\r\nB=2\r\n", "A", "x\ny")).toBe("A='x\r\ny'\r\nB=2\r\n")
    expect(set("A=1\r\n", "B", "2")).toBe("A=1\r\nB=2\r\n")
  })

  it("keeps the byte-order mark, and does not take it for a part of the first name", () => {
    expect(set("\uFEFFA=1\n", "A", "2")).toBe("\uFEFFA=2\n")
  })

  it("changes the last entry of a name that stands there twice, because that is the one that counts", () => {
    expect(set("A=1\nB=b\nA=2\n", "A", "3")).toBe("A=1\nB=b\nA=3\n")
  })

  it("adds a new name on a line of its own, also behind a file that does not end with one", () => {
    expect(set("", "A", "1")).toBe("A=1\n")
    expect(set("B=2", "A", "1")).toBe("B=2\nA=1\n")
    expect(set("B=2\n", "A", "")).toBe("B=2\nA=\n")
  })

  it("fills an empty entry in its place, before its comment", () => {
    expect(set("A=\nB=2\n", "A", "1")).toBe("A=1\nB=2\n")
    expect(set("A= # later\n", "A", "1")).toBe("A=1 # later\n")
  })

  it("replaces a value of several lines as a whole", () => {
    expect(set('A="1\n2\n3"\nB=b\n', "A", "x")).toBe('A="x"\nB=b\n')
  })

  it("leaves a file alone in which the new entry would become part of another", () => {
    // A colon at the end of the file takes the next line for its value.
    const canary = newCanary()
    const file = `C=${canary.text}\nB:\n`
    expect(codeOf(() => set(file, "A", canary.text), canary)).toBe("MISCONFIGURED")
  })

  it("refuses a file that is not UTF-8", () => {
    expect(codeOf(() => setEntry(Uint8Array.of(0x41, 0x3d, 0xff), "A", "1"))).toBe("INVALID_VALUE")
  })

  it("takes a value of one mebibyte", () => {
    const long = "x y".repeat(350_000)
    expect(entries(set("A='1'\nB=2\n", "A", long))).toEqual(
      new Map([
        ["A", long],
        ["B", "2"],
      ]),
    )
  })
})

describe("a value too long for quotation marks", () => {
  it("is written without them, or refused if it needs them", () => {
    const long = "x y".repeat(3 * 2 ** 20)
    expect(set("A=1\n", "A", long)).toBe(`A=${long}\n`)
    expect(codeOf(() => set("A=1\n", "A", `#${long}`))).toBe("INVALID_VALUE")
  })
})

describe("removing an entry of a .env", () => {
  it("removes every entry of the name and nothing else, or refuses", () => {
    let removed = 0
    fc.assert(
      fc.property(file, name, (before, key) => {
        let after: string
        try {
          after = remove(before, key)
        } catch (thrown) {
          expect(isSecretError(thrown) && thrown.code).toBe("MISCONFIGURED")
          return
        }
        removed += 1
        const wanted = entries(before)
        wanted.delete(key)
        expect(entries(after)).toEqual(wanted)
      }),
      { numRuns: 2_000 },
    )
    expect(removed).toBeGreaterThan(1_500)
  })

  it("does not let an earlier entry of the name come back to life", () => {
    expect(remove("A=1\nB=b\nA=2\n", "A")).toBe("B=b\n")
  })

  it("removes the lines of the value with the comment behind it, and keeps those around", () => {
    expect(remove("# before\nexport A='1\n2' # beside\n# after\nB=b\n", "A")).toBe("# before\n# after\nB=b\n")
  })

  it("leaves a file alone in which what is left would mean something else", () => {
    // Without the line between them, the quoted text is the value of B.
    const canary = newCanary()
    const file = `B=\nA=${canary.text}\n'${canary.text}'\n`
    expect(codeOf(() => remove(file, "A"), canary)).toBe("MISCONFIGURED")
  })

  it("removes the last line, which has no end", () => {
    expect(remove("B=b\r\nA=1", "A")).toBe("B=b\r\n")
  })
})

describe("finding the entries of a .env", () => {
  it("finds those that dotenv finds", () => {
    fc.assert(
      fc.property(file, content => {
        const found = scan(withoutMark(content)).map(entry => entry.name)
        expect(new Set(found)).toEqual(new Set(entries(content).keys()))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe("the entries of a long text", () => {
  /** The shortest of three times of the processor, in microseconds: what else is done meanwhile only makes it longer. */
  const shortest = (call: () => unknown): number => {
    const times = Array.from({ length: 3 }, () => {
      const begun = process.cpuUsage()
      call()
      const { user, system } = process.cpuUsage(begun)
      return user + system
    })
    return Math.min(...times)
  }

  it("are found about as fast with Windows lines as with others", () => {
    const lines = Array.from({ length: 8_000 }, (_, index) => `NAME_${index}="value" # comment`)
    const unix = shortest(() => scan(lines.join("\n")))
    // It was four hundred times as long when each place was counted from the beginning.
    expect(shortest(() => scan(lines.join("\r\n"))) / unix).toBeLessThan(40)
  })
})
