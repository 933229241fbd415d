import { Failure } from "./failure.ts"

/** Whether a listed resource is one that a filter means. */
export type Matches = (resource: object) => boolean

const TOKENS =
  /\s*(?:(\(|\))|([\w.]+)\s*(!=|<=|>=|[:=<>])\s*("(?:[^"\\]|\\.)*"|[^\s()"]+)|(AND|OR|NOT)\b|(-)(?=[\w(]))/y

/**
 * The filters of the page "Filter lists of secrets and secret versions": comparisons joined by `AND`, `OR`, `NOT`,
 * `-` and brackets; two that stand side by side must both hold. `:` looks for a part of the text, or of a label's key,
 * without regard to case. `OR` binds more closely than `AND`, as AIP-160 says.
 *
 * @throws Failure `INVALID_ARGUMENT` for anything else.
 */
export function parseFilter(filter: string): Matches {
  if (filter.trim() === "") return () => true
  const tokens = tokensOf(filter)
  const matches = conjunction(tokens)
  if (tokens.length > 0) throw invalid()
  return matches
}

type Token = string | { readonly field: string; readonly operator: string; readonly value: string }

function tokensOf(filter: string): Token[] {
  const tokens: Token[] = []
  const text = filter.trimEnd()
  TOKENS.lastIndex = 0
  while (TOKENS.lastIndex < text.length) {
    const found = TOKENS.exec(text)
    if (found === null) throw invalid()
    const [, bracket, field, operator = "", value = "", word, minus] = found
    if (field === undefined) tokens.push(minus === undefined ? (bracket ?? word ?? "") : "NOT")
    else tokens.push({ field, operator, value: value.replace(/^"(.*)"$/s, "$1").replace(/\\(.)/gs, "$1") })
  }
  return tokens
}

function conjunction(tokens: Token[]): Matches {
  const parts = [disjunction(tokens)]
  while (tokens.length > 0 && tokens[0] !== ")") {
    if (tokens[0] === "AND") tokens.shift()
    parts.push(disjunction(tokens))
  }
  return resource => parts.every(matches => matches(resource))
}

function disjunction(tokens: Token[]): Matches {
  const parts = [term(tokens)]
  while (tokens[0] === "OR") {
    tokens.shift()
    parts.push(term(tokens))
  }
  return resource => parts.some(matches => matches(resource))
}

function term(tokens: Token[]): Matches {
  const token = tokens.shift()
  if (token === "NOT") {
    const matches = term(tokens)
    return resource => !matches(resource)
  }
  if (token === "(") {
    const matches = conjunction(tokens)
    if (tokens.shift() !== ")") throw invalid()
    return matches
  }
  if (token === undefined || typeof token === "string") throw invalid()
  return resource => compares(fieldOf(resource, token.field), token.operator, token.value)
}

/** `create_time` and `createTime` are one field; `labels.k` is the label `k`. */
function fieldOf(resource: object, path: string): unknown {
  const [first = "", ...rest] = path.split(".")
  const name = first.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase())
  const field = (resource as Readonly<Record<string, unknown>>)[name]
  if (rest.length === 0) return field
  return (field as Readonly<Record<string, unknown>> | undefined)?.[rest.join(".")]
}

function compares(field: unknown, operator: string, value: string): boolean {
  if (isTime(field)) return ordered(Number(field.seconds) * 1_000 - Date.parse(value), operator)
  if (typeof field === "object" && field !== null) {
    return operator === ":" && Object.keys(field).includes(value)
  }
  const text = field === undefined ? "" : String(field).toLowerCase()
  const wanted = value.toLowerCase()
  if (operator !== ":") return ordered(text < wanted ? -1 : text === wanted ? 0 : 1, operator)
  return field !== undefined && (wanted === "*" || text.includes(wanted))
}

function ordered(difference: number, operator: string): boolean {
  switch (operator) {
    case "=":
    case ":":
      return difference === 0
    case "!=":
      return difference !== 0
    case "<":
      return difference < 0
    case "<=":
      return difference <= 0
    case ">":
      return difference > 0
    case ">=":
      return difference >= 0
    default:
      throw invalid()
  }
}

function isTime(field: unknown): field is { readonly seconds: string } {
  return typeof field === "object" && field !== null && "seconds" in field
}

function invalid(): Failure {
  return new Failure("INVALID_ARGUMENT", "Field [filter] is not a valid filter.")
}
