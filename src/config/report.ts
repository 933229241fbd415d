import { printable, type SecretError, type SecretErrorCode } from "../core/index.ts"
import { nativeNameOf } from "../near-names/index.ts"
import type { ConfigProblem } from "./config-error.ts"
import { expectedBelow, expectedBy, expectedOf } from "./expected.ts"
import type { Finding } from "./findings.ts"
import { type HintSources, Hints } from "./hints.ts"
import { type Home, homesOf } from "./homes.ts"
import type { Schema } from "./mark.ts"
import { type Field, type Path, pathText } from "./plan.ts"
import type { Reading } from "./read.ts"
import type { Refusal } from "./refusal.ts"
import { anyAcceptsNothing } from "./run-schema.ts"
import type { SecretsReader } from "./secrets-reader.ts"
import { placesOf } from "./store-names.ts"

/** What a report is made with. */
export interface ReportSources extends HintSources {
  readonly secrets: SecretsReader
  readonly reading: Reading
}

/** The sources, and where the values came from that were refused, as far as that could be found out. */
interface LocatedSources extends ReportSources {
  readonly homes: ReadonlyMap<Field, Home>
}

/** Makes of each finding what a person is told. */
export async function problemsOf(
  findings: readonly Finding[],
  sources: ReportSources,
): Promise<ConfigProblem[]> {
  const hints = await Hints.gathered(
    sources,
    findings.some(({ kind }) => kind === "missing" || kind === "alternatives"),
  )
  const homes = await homesOf(findings, sources.secrets)
  const located = { ...sources, homes }
  return await Promise.all(findings.map(finding => problemOf(finding, located, hints)))
}

async function problemOf(finding: Finding, sources: LocatedSources, hints: Hints): Promise<ConfigProblem> {
  switch (finding.kind) {
    case "flaw": {
      const { path, problem, hint, schema } = finding.flaw
      const expected = schema && expectedBy(schema)
      return problemAt(path, "MISCONFIGURED", problem, { expected, hint })
    }
    case "missing":
      return missing(finding.field, sources, hints)
    case "failed":
      return failed(finding.field, finding.error, sources, hints)
    case "refused":
      return refused(finding.field, finding.refusal, sources, hints)
    case "unmet":
      return problemAt(finding.path, "INVALID_VALUE", finding.problem, {
        hint: "see the checks of the schema there: their own messages are not shown, because they could hold a value",
      })
    case "alternatives":
      return problemAt(finding.path, "NOT_FOUND", "none of the options has a value", {
        expected: await alternatives(finding.options),
        hint: "give all values of one of them",
      })
  }
}

/** The names that are needed for each option: `"db/url, or DB_HOST and db/password"`. */
async function alternatives(options: readonly (readonly Field[])[]): Promise<string> {
  const needed = options.map(async fields => {
    const asked = fields.map(async field => ((await anyAcceptsNothing(field)) ? [] : [nameOf(field)]))
    return (await Promise.all(asked)).flat().join(" and ")
  })
  return (await Promise.all(needed)).filter(names => names !== "").join(", or ")
}

function missing(field: Field, sources: LocatedSources, hints: Hints): ConfigProblem {
  const empty = sources.reading.empty.get(field)
  const { mark } = field
  const problem =
    mark.kind === "secret" ? "there is no such secret" : `it is ${empty ? `set, but ${empty}` : "not set"}`
  return problemOfField(field, "NOT_FOUND", problem, sources, {
    hint:
      mark.kind === "secret"
        ? hints.missingSecret(mark, sources.reading.absent.get(field))
        : hints.missingSetting(mark.variable, empty),
  })
}

function failed(field: Field, error: SecretError, sources: LocatedSources, hints: Hints): ConfigProblem {
  const refusal = sources.reading.gates.get(field)?.refusal
  if (error.code === "INVALID_VALUE" && refusal !== undefined) return refused(field, refusal, sources, hints)
  const last = error.lastCode === undefined ? "" : `, last cause ${error.lastCode}`
  return problemOfField(field, error.code, `${error.plainMessage}${last}`, sources, {
    store: error.store,
    hint: error.hint,
    expected: error.code === "INVALID_VALUE",
  })
}

function refused(field: Field, refusal: Refusal, sources: LocatedSources, hints: Hints): ConfigProblem {
  return problemOfField(field, "INVALID_VALUE", refusal.problem, sources, {
    below: refusal.path,
    at: refusal.at,
    hint: hints.refused(field, refusal, sources.homes.get(field)?.place),
  })
}

interface FieldDetails {
  readonly below?: Path
  /** What the schema has at the end of `below`. */
  readonly at?: readonly Schema[]
  readonly store?: string | undefined
  readonly hint?: string | undefined
  /** Whether what the schema asks for is of interest. Default: it is. */
  readonly expected?: boolean
}

function problemOfField(
  field: Field,
  code: SecretErrorCode,
  problem: string,
  sources: LocatedSources,
  { below = [], at = [], store, hint, expected = true }: FieldDetails,
): ConfigProblem {
  const deeper = below.length === 0 ? undefined : expectedBelow(field.mark, at)
  return problemAt([...field.path, ...below], code, problem, {
    name: nameOf(field),
    source: sourceOf(field, sources, store),
    expected: expected ? (deeper ?? expectedOf(field.mark, field.schemas)) : undefined,
    hint,
  })
}

function problemAt(
  path: Path,
  code: SecretErrorCode,
  problem: string,
  details: { [K in "name" | "source" | "expected" | "hint"]?: string | undefined },
): ConfigProblem {
  const known = Object.entries(details).filter(([, text]) => text !== undefined)
  return { path: printable(pathText(path)), code, problem, ...Object.fromEntries(known) }
}

function nameOf({ mark }: Field): string {
  return printable(mark.kind === "secret" ? mark.name : mark.variable)
}

function sourceOf(field: Field, { store, given, homes }: LocatedSources, location = store.location): string {
  const name = nameOf(field)
  if (field.mark.kind === "setting") {
    return `${name} in ${given === undefined ? "the environment" : "the settings that were given"}`
  }
  const native = nativeNameOf(store, field.mark.name)
  const home = homes.get(field)
  const places = home === undefined ? placesOf(location).join(", then ") : homeText(home)
  return native === undefined || native === name
    ? `${name} in ${places}`
    : `${name}, which is ${native} in ${places}`
}

function homeText({ place, hidden }: Home): string {
  return hidden.length === 0 ? place : `${place} (it wins over ${hidden.join(" and ")})`
}
