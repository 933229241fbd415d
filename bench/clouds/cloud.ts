/** How many milliseconds every answer of a service is late, as if it were somewhere else. */
export const LATENCY = 20

/** The values that the services hold. */
export const heldBy = (name: string): string => `value of ${name}`

/** The names of the secrets in the services. */
export const NAMES: readonly string[] = Array.from({ length: 100 }, (_, index) => `service/token-n${index}`)

/** A service whose answers are late, with {@link NAMES} in it, and what it sees of its clients. */
export interface Cloud {
  /** What a program finds it by, ours (`LATCHKEY_STORE`) and that of the bare SDK. */
  readonly environment: Readonly<Record<string, string>>
  /** What it has seen since {@link forget}. */
  seen(): Seen
  forget(): void
  close(): Promise<void>
}

/** What a service saw of those who asked for secrets; logins are not counted. */
export interface Seen {
  readonly calls: number
  /** How often somebody had to wait for the network before he went on asking. */
  readonly waves: number
  readonly mostInFlight: number
}
