/** Where an entry stands in the text of a `.env`. Offsets count from the beginning of the text. */
export interface Entry {
  readonly name: string
  /** The first character of its first line. */
  readonly start: number
  /** Behind the end of its last line, the line's end included. */
  readonly end: number
  /** The value as written, with its quotation marks and without the space around it; empty where there is none. */
  readonly value: { readonly start: number; readonly end: number }
}

/** A value in each kind of quotation marks: what is quoted runs over line ends, and a backslash hides the mark behind it. */
const QUOTED = ["'", '"', "`"].map(mark => `\\s*${mark}(?:\\\\${mark}|[^${mark}])*${mark}`)

/**
 * One entry by the grammar of the `dotenv` package: `export` or nothing, a name, `=` or `:`, a quoted value or
 * one up to a `#`, a comment. That package tells what the entries are and not
 * where, so they are found here; whoever changes a text asks the package itself whether the change did what it should.
 */
const ENTRY = new RegExp(
  [
    /^\s*(?:export\s+)?/.source,
    /(?<name>[\w.-]+)/.source,
    /(?<assignment>\s*=\s*?|:\s+?)/.source,
    `(?<value>${QUOTED.join("|")}|[^#\\n]+)?`,
    /\s*(?:#.*)?$/.source,
  ].join(""),
  "dgm",
)

/** All entries of a text, in their order; a name may come several times. */
export function scan(text: string): Entry[] {
  const lines = unifyLineEnds(text)
  return Array.from(lines.unified.matchAll(ENTRY), match => {
    const name = spanOf(match, "name")
    const assignment = spanOf(match, "assignment")
    const value = trim(lines.unified, match.indices?.groups?.value ?? [assignment[1], assignment[1]])
    const newline = lines.unified.indexOf("\n", Math.max(value[1], name[1]))
    return {
      name: lines.unified.slice(...name),
      start: lines.original(lines.unified.lastIndexOf("\n", name[0]) + 1),
      end: lines.original(newline === -1 ? lines.unified.length : newline + 1),
      value: { start: lines.original(value[0]), end: lines.original(value[1]) },
    }
  })
}

function spanOf(match: RegExpExecArray, group: string): [start: number, end: number] {
  const span = match.indices?.groups?.[group]
  if (span === undefined) throw new TypeError(`the pattern has no group ${group}`)
  return span
}

/** Without the space around; where there is nothing else, the place right behind the assignment. */
function trim(text: string, [start, end]: [number, number]): [start: number, end: number] {
  const written = text.slice(start, end)
  const value = written.trim()
  if (value === "") return [start, start]
  const from = start + written.indexOf(value)
  return [from, from + value.length]
}

/** The text as the parser sees it, with every line end as `\n`, and the way back from its offsets. */
function unifyLineEnds(text: string): { unified: string; original(offset: number): number } {
  // Only the pairs make the text shorter: these are the places, in the unified text, where a character is missing.
  const pairs = Array.from(text.matchAll(/\r\n/g), (match, before) => match.index - before)
  return {
    unified: text.replaceAll(/\r\n?/g, "\n"),
    original: offset => offset + countBelow(pairs, offset),
  }
}

/** How many of some numbers in rising order are below another one. */
function countBelow(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((numbers[middle] as number) < limit) low = middle + 1
    else high = middle
  }
  return low
}
