/** One copy of a program that works with the token, and what it wrote. */
export interface Replica {
  /** The name under which the stand-in knows its requests. */
  readonly name: string
  /** Makes it ask Tally something. Rejects, with a text that is safe to show, if that failed. */
  call(): Promise<void>
  /** Asks it to stop with SIGTERM, and resolves when it has ended. */
  stop(): Promise<Stopped>
  /** Everything that it has written to stdout and stderr. */
  readonly written: { readonly stdout: string; readonly stderr: string }
}

export interface Stopped {
  readonly code: number | null
  readonly tookMs: number
}

/** What is needed to start one. */
export interface ReplicaOptions {
  readonly name: string
  /** The folder in which it is started: the one with the `.env`, if there is one. */
  readonly folder: string
  /** What its environment says beside the address of the API. */
  readonly environment: Readonly<Record<string, string>>
  readonly baseUrl: string
  /** How Node resolves `latchkey`. Default: to its sources. */
  readonly conditions?: readonly string[] | undefined
}

/** What Node is told so that it runs the programs here from the sources of latchkey, or from what was built (`[]`). */
export function nodeArguments(conditions: readonly string[] = ["latchkey-source"]): string[] {
  return conditions.map(condition => `--conditions=${condition}`)
}
