import {
  type Duration,
  type JournalKeeper,
  misconfigured,
  refuseUnknownOptions,
  type SecretStore,
} from "../core/index.ts"
import type { Rotation } from "./options.ts"
import type { AskInput } from "./plans/index.ts"

/** What the command line hands to a configuration that asks for it. */
export interface CommandInput {
  /**
   * Where the new token of a plan with `assisted()` comes from: `--token-file`, `--token-stdin`, or nobody, and then the
   * rotation says what a person has to do.
   */
  readonly input: AskInput
}

/** What `latchkey rotate` works on: the content of `latchkey.config.ts`. */
export interface RotationsConfig {
  /** The store of the secrets: its URL, the store itself, or a function that opens it. Closed when the command ends. */
  readonly store: string | SecretStore | (() => SecretStore | Promise<SecretStore>)
  /** By the name of the secret. */
  readonly rotations: Readonly<Record<string, Rotation>>
  /** Where the journals are, for a store that has no compare-and-set of its own. */
  readonly journals?: JournalKeeper | (() => JournalKeeper | Promise<JournalKeeper>)
  /** As in `RotatorOptions`. */
  readonly lease?: Duration
  /** As in `RotatorOptions`. */
  readonly callTimeout?: Duration
  /** As in `RotatorOptions`. For `--watch`. */
  readonly lookEvery?: Duration
  /** As in `RotatorOptions`. */
  readonly atOnce?: number
  /** Called when the command ends: to end a pool of connections, for example. */
  readonly close?: () => void | Promise<void>
}

/** A configuration, or a function that makes it when the command has begun. */
export type Rotations =
  | RotationsConfig
  | ((command: CommandInput) => RotationsConfig | Promise<RotationsConfig>)

const OPTIONS: readonly (keyof RotationsConfig)[] = [
  "store",
  "rotations",
  "journals",
  "lease",
  "callTimeout",
  "lookEvery",
  "atOnce",
  "close",
]

/**
 * What a `latchkey.config.ts` exports by default:
 *
 * ```ts
 * export default defineRotations({
 *   store: "vault://127.0.0.1:8200/secret",
 *   rotations: { "auth/session-key": { plan: generatedKey({ consumers }), schedule: { interval: "24h" } } },
 * })
 * ```
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist, and for a configuration without a store or
 * rotations.
 */
export function defineRotations(rotations: Rotations): Rotations {
  if (typeof rotations !== "function") checkRotations(rotations)
  return rotations
}

/** @throws SecretError see {@link defineRotations}. */
export function checkRotations(config: RotationsConfig): RotationsConfig {
  refuseUnknownOptions("defineRotations()", config, OPTIONS)
  const { store, rotations } = config
  if (store === undefined) {
    throw misconfigured("the configuration names no store", 'write store: "vault://127.0.0.1:8200/secret"')
  }
  if (
    typeof rotations !== "object" ||
    rotations === null ||
    Array.isArray(rotations) ||
    Object.keys(rotations).length === 0
  ) {
    throw misconfigured(
      "the configuration has no rotations",
      'write rotations: { "auth/session-key": { plan: generatedKey({ … }) } }',
    )
  }
  return config
}
