import { UsageError } from "../usage-error.ts"

/** The flags of `latchkey rotate`, as commander gives them. */
export interface RotateFlags {
  readonly config?: string
  readonly watch?: boolean
  readonly compromised?: boolean
  readonly impatient?: boolean
  readonly rollback?: boolean
  readonly resume?: boolean
  readonly force?: boolean
  readonly abort?: boolean
  readonly status?: boolean
  readonly dryRun?: boolean
  readonly wait?: boolean
  readonly timeout?: string
  readonly tokenFile?: string
  readonly tokenStdin?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
  /** `false` for `--no-color`. */
  readonly color?: boolean
}

/** What the command is to do. */
export type Task =
  | { readonly do: "tick" }
  | { readonly do: "watch" }
  | { readonly do: "status"; readonly name?: string }
  | { readonly do: "dry-run"; readonly name: string }
  | {
      readonly do: "rotate"
      readonly name: string
      readonly compromised: boolean
      readonly impatient: boolean
    }
  | { readonly do: "rollback" | "abort"; readonly name: string }
  | { readonly do: "resume"; readonly name: string; readonly force: boolean }

type Verb = "watch" | "status" | "dryRun" | "rollback" | "resume" | "abort"
type VerbOfOne = Exclude<Verb, "watch" | "status">

const VERBS: readonly Verb[] = ["watch", "status", "dryRun", "rollback", "resume", "abort"]

/** Beside which verbs a flag has a meaning; `undefined` is a rotation. One that would be ignored is refused. */
const FITS: Readonly<Partial<Record<keyof RotateFlags, readonly (Verb | undefined)[]>>> = {
  force: ["resume"],
  compromised: [undefined],
  impatient: [undefined],
  wait: [undefined, "rollback", "resume", "abort"],
  tokenFile: [undefined, "dryRun", "resume"],
  tokenStdin: [undefined, "dryRun", "resume"],
  timeout: [undefined, "status", "dryRun", "rollback", "resume", "abort"],
}

/**
 * What the flags ask for.
 *
 * @throws UsageError for flags that contradict each other, or that lack the name of a secret.
 */
export function taskOf(name: string | undefined, flags: RotateFlags): Task {
  const verbs = VERBS.filter(verb => flags[verb] === true)
  const [verb, second] = verbs
  if (verb !== undefined && second !== undefined) {
    throw new UsageError(
      `${spelled(verb)} and ${spelled(second)} are two different things`,
      "write one of them",
    )
  }
  refuseUnfit(verb, flags)
  if (flags.tokenFile !== undefined && flags.tokenStdin === true) {
    throw new UsageError("--token-file and --token-stdin are two inputs", "write one of them")
  }
  if (name === "") {
    throw new UsageError(
      "the name of the secret is empty",
      "it may be that a variable of your script is not set; without any name everything that is due is rotated",
    )
  }
  if (verb === "watch") return withoutName(name, { do: "watch" })
  if (verb === "status") return { do: "status", ...(name === undefined ? {} : { name }) }
  if (name === undefined) return allDue(verb, flags)
  return taskForOne(name, verb, flags)
}

function refuseUnfit(verb: Verb | undefined, flags: RotateFlags): void {
  for (const [flag, fitting] of Object.entries(FITS) as [
    keyof RotateFlags,
    readonly (Verb | undefined)[],
  ][]) {
    if (flags[flag] === undefined || fitting.includes(verb)) continue
    if (verb === undefined) {
      // The one flag that says more about another one.
      throw new UsageError(
        "--force says nothing without --resume",
        "write latchkey rotate <name> --resume --force",
      )
    }
    throw new UsageError(`${spelled(flag)} has no meaning with ${spelled(verb)}`, "leave one of them out")
  }
}

function taskForOne(name: string, verb: VerbOfOne | undefined, flags: RotateFlags): Task {
  switch (verb) {
    case "dryRun":
      return { do: "dry-run", name }
    case "resume":
      return { do: "resume", name, force: flags.force === true }
    case "rollback":
    case "abort":
      return { do: verb, name }
    case undefined:
      return {
        do: "rotate",
        name,
        compromised: flags.compromised === true,
        impatient: flags.impatient === true,
      }
  }
}

function allDue(verb: Verb | undefined, flags: RotateFlags): Task {
  const forOne = (["compromised", "impatient", "wait", "tokenFile", "tokenStdin"] as const).find(
    flag => flags[flag] !== undefined,
  )
  const asked = verb ?? forOne
  if (asked === undefined) return { do: "tick" }
  throw new UsageError(
    `${spelled(asked)} is for one secret`,
    `write latchkey rotate <name> ${spelled(asked)}`,
  )
}

function withoutName(name: string | undefined, task: Task): Task {
  if (name === undefined) return task
  throw new UsageError(
    "--watch is for all secrets",
    "leave the name out, or leave --watch out to rotate this one now",
  )
}

function spelled(flag: keyof RotateFlags): string {
  return `--${flag.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}
