import { type MemoryStore, memory } from "../../providers/memory/index.ts"
import type { SecretValue, Version } from "../../src/core/index.ts"
import type { SecretsOptions } from "../../src/secrets/index.ts"
import { type Faulty, faulty } from "../../src/testing/index.ts"
import { type Rig, rig } from "./rig.ts"

/** The name of the secret that most tests are about. */
export const TOKEN = "tally/api-token"

export interface TallyRig extends Rig<MemoryStore & Faulty> {
  /** The value of that secret: a word, and the canary. */
  value(word: string): string
  /** Changes a secret in the store, behind the back of `secrets`, and lets everything happen that follows at once. */
  change(value: SecretValue, name?: string): Promise<Version>
}

/** `Secrets` over a memory that can be made to fail, in which one secret stands: `TOKEN`, with the value "first". */
export function tallyRig(
  options: SecretsOptions = {},
  more: (value: (word: string) => string) => Readonly<Record<string, SecretValue>> = () => ({}),
): TallyRig {
  let value = (word: string): string => word
  const made = rig((clock, canary) => {
    value = word => `${word}-${canary.text}`
    return faulty(memory({ [TOKEN]: value("first"), ...more(value) }, { clock }), { clock })
  }, options)
  const { signal } = new AbortController()
  return {
    ...made,
    value: word => value(word),
    async change(to, name = TOKEN) {
      const { version } = await made.store.write(name, to, { signal })
      await made.clock.settle()
      return version
    },
  }
}
