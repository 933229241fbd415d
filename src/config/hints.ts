import { printable, type SecretError, type SecretStore } from "../core/index.ts"
import { canonicalOf, localNames, nativeNameOf, nearest, nearNameAmong } from "../near-names/index.ts"
import { prefixOf } from "./expected.ts"
import type { Mark, Schema } from "./mark.ts"
import type { Field } from "./plan.ts"
import type { Emptiness, Settings } from "./read.ts"
import type { Refusal } from "./refusal.ts"
import { dotenvFilesAt, dotenvFilesOf } from "./store-names.ts"

/** What hints are made of. */
export interface HintSources {
  readonly store: SecretStore
  readonly settings: Settings
  /** The settings that the caller named; `undefined` where the environment was used. */
  readonly given: Settings | undefined
}

type SecretMark = Extract<Mark, { kind: "secret" }>

/** What a person may do next about each problem. */
export class Hints {
  readonly #store: SecretStore
  readonly #settings: Settings
  readonly #given: Settings | undefined
  readonly #names: readonly string[]

  private constructor({ store, settings, given }: HintSources, names: readonly string[]) {
    this.#store = store
    this.#settings = settings
    this.#given = given
    this.#names = names
  }

  /** @param missing whether something is missing, so that it is worth looking for names that are near. */
  static async gathered(sources: HintSources, missing: boolean): Promise<Hints> {
    return new Hints(sources, missing ? await localNames(sources.store) : [])
  }

  /** @param error what the store says. */
  missingSecret(mark: SecretMark, error: SecretError | undefined): string {
    const name = canonicalOf(this.#store, mark.name) ?? mark.name
    const native = nativeNameOf(this.#store, name)
    const near = nearNameAmong(this.#names, this.#store, name)
    if (near !== undefined) return near
    const file = dotenvFilesOf(this.#store)[0]
    if (native === undefined) return error?.hint ?? `store a value under this name in ${this.#store.location}`
    if (file === undefined) return `set ${native} in the environment`
    return `add this line to ${file}: ${native}=${prefixOf(mark.schema)}…`
  }

  missingSetting(variable: string, empty: Emptiness | undefined): string {
    const name = printable(variable)
    if (empty) return `give it a value: ${empty === "empty" ? "an empty" : "a blank"} one counts as none`
    const file = dotenvFilesOf(this.#store)[0]
    if (file !== undefined && this.#standsInDotenv(variable)) {
      return (
        `it stands only in ${file}, from which no settings are taken by themselves: set it in the environment, ` +
        `or pass settings: { ...process.env, ...await readDotenv("${file}") }`
      )
    }
    const near = nearest(variable, Object.keys(this.#settings))
    if (near !== undefined) return `did you mean ${printable(near)}, which is set?`
    return this.#given === undefined ? `set ${name} in the environment` : `give ${name} in the settings`
  }

  /** @param place where the value that was refused came from, if that is known. */
  refused({ mark, schemas }: Field, { wrongType, problem }: Refusal, place: string | undefined): string {
    if (problem.startsWith("its schema threw")) {
      return "let the schema say what is wrong instead of throwing: in a transform, ctx.addIssue and z.NEVER"
    }
    const converter = mark.kind === "setting" && wrongType ? converterFor(schemas[0]) : undefined
    if (converter !== undefined) return `a setting is text: ${converter} converts it`
    if (mark.kind === "setting") return `correct the value of ${printable(mark.variable)}`
    const native = nativeNameOf(this.#store, mark.name)
    const [file] = place === undefined ? [] : dotenvFilesAt(place)
    if (native !== undefined && place?.startsWith("env:")) return `correct ${native} in the environment`
    if (native !== undefined && file !== undefined) return `correct ${native} in ${file}`
    const where = place === undefined ? "" : ` in ${place}`
    return `store another value under ${printable(mark.name)}${where}`
  }

  #standsInDotenv(variable: string): boolean {
    const name = canonicalOf(this.#store, variable)
    return name !== undefined && this.#names.includes(name) && !Object.hasOwn(process.env, variable)
  }
}

/** What makes of a text what the schema wants; nothing where the schema does that, and the text itself is wrong. */
function converterFor(schema: Schema | undefined): string | undefined {
  const { type, coerce } = (schema?._zod.def ?? {}) as { readonly type?: string; readonly coerce?: boolean }
  return type === undefined || coerce === true ? undefined : CONVERTERS[type]
}

const CONVERTERS: Readonly<Record<string, string>> = {
  number: "z.coerce.number()",
  int: "z.coerce.number().int()",
  bigint: "z.coerce.bigint()",
  boolean: "z.stringbool()",
  date: "z.coerce.date()",
}
