import { refuseUnknownOptions } from "../../core/index.ts"
import type { Credential, GeneratedPlan, Verdict } from "../plan.ts"
import { KEY_FORM_OPTIONS, type KeyForm, randomKeys } from "../random-key.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "./plan-options.ts"

/** The options of {@link generatedKey}. */
export interface GeneratedKeyOptions extends KeyForm, ReadyPlanOptions {}

/**
 * A key that is nothing but random, and that nobody but the readers of the secret has to know: for sessions, for
 * JWTs with a shared key, for webhooks.
 *
 * There is no far side: nothing is applied and nothing is revoked. `verify` says whether the value has the form that was
 * asked for, which an accident on the way to the store would have changed. What was made under the old key is accepted
 * for as long as consumers keep the old key, see `tokenLifetime` of {@link Consumers}: with `Secret.previous` and the
 * `overlap` of `Secrets`, or with a keyring, which publishes a new key before anyone signs with it.
 *
 * Keys come from the platform's generator for cryptography, each character of an alphabet with the same probability.
 *
 * @throws SecretError `MISCONFIGURED` for an option that does not exist, a form that is none, or one with less than 128
 * random bits.
 */
export function generatedKey(options: GeneratedKeyOptions): GeneratedPlan {
  refuseUnknownOptions("generatedKey()", options, [...KEY_FORM_OPTIONS, ...READY_PLAN_OPTIONS])
  const keys = randomKeys("generatedKey()", options)
  return {
    kind: "generated",
    overlap: true,
    ...taken(options),
    async create(): Promise<Credential> {
      return { value: keys.make() }
    },
    async verify({ value }, { former }): Promise<Verdict> {
      // A key of before may have been made in another form, or by somebody else: whoever goes back to it wants just that.
      return former || keys.hasForm(value) ? "works" : "refused"
    },
  }
}
