/** How a value can stand in a `.env`. `escaped` is in double quotes with its line ends as `\n` and `\r`. */
type Style = "bare" | "single" | "double" | "backtick" | "escaped"

/** Values that look the same to every tool that reads such files, shells too. */
const PLAIN = /^[\w./:@%+,=-]*$/

/**
 * The ways to write a value, best first: as the one before it was written, if there was one; else bare if it is plain,
 * else in quotation marks. Which of them says what is meant depends on the value and on what stands around it, and
 * only the parser knows: whoever writes tries them in this order.
 *
 * @param before the value before, as written.
 */
export function waysToWrite(value: string, before: string | undefined, lineEnd: string): string[] {
  const styles = new Set<Style>(before === undefined ? [] : [styleOf(before)])
  // A file of plain bare values may be one that shells read, too: a dollar sign would come to life there.
  const bareIsSafe = PLAIN.test(value) || (before !== undefined && !PLAIN.test(before))
  if (!bareIsSafe) styles.delete("bare")
  else if (PLAIN.test(value)) styles.add("bare")
  for (const style of ["single", "double", "backtick", "escaped", "bare"] as const) styles.add(style)
  return Array.from(styles, style => write(value, style, lineEnd))
}

/** The style in which a value is written. */
function styleOf(written: string): Style {
  const mark = written.at(0)
  if (written.length < 2 || mark !== written.at(-1)) return "bare"
  if (mark === "'") return "single"
  if (mark === "`") return "backtick"
  if (mark === '"') return /\\[nr]/.test(written) ? "escaped" : "double"
  return "bare"
}

function write(value: string, style: Style, lineEnd: string): string {
  const lines = value.replaceAll("\n", lineEnd)
  switch (style) {
    case "bare":
      return lines
    case "single":
      return `'${lines}'`
    case "double":
      return `"${lines}"`
    case "backtick":
      return `\`${lines}\``
    case "escaped":
      return `"${value.replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`
  }
}
