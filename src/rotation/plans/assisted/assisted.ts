import { createHash } from "node:crypto"
import {
  misconfigured,
  refuseNoFunction,
  refuseUnknownOptions,
  SecretError,
  type SecretValue,
} from "../../../core/index.ts"
import type { AwaitsContext, Credential, GeneratedPlan, StepContext, Verdict } from "../../plan.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "../plan-options.ts"
import { type AssistedInput, inputOf } from "./input.ts"

/** The options of {@link assisted}. */
export interface AssistedOptions extends ReadyPlanOptions {
  /** Where the new token comes from. */
  readonly input: AssistedInput
  /** Whether the service accepts a token. That it cannot be asked is thrown. */
  verify(token: string, context: StepContext): Promise<Verdict>
  /** Whether the service still accepts the old one. Default: as `verify`. */
  verifyOld?(token: string, context: StepContext): Promise<Verdict>
  /** What a person does to make a new one, in a line: "make a key in the settings of Tally (API keys)". */
  readonly howToMake: string
  /** What a person does to end the old one, in a line: "delete the old key in the settings of Tally (API keys)". */
  readonly howToRevoke: string
  /** What every token of the service begins with. What does not is refused before the service is asked. Default: anything. */
  readonly prefix?: string
}

const OF = "assisted()"
const OPTIONS = ["input", "verify", "verifyOld", "howToMake", "howToRevoke", "prefix", ...READY_PLAN_OPTIONS]

/**
 * A token that a person makes, at a service that has no call for it; everything after that is as with any other rotation.
 *
 * As long as there is no new token, no rotation begins, and what has to be done is reported. A token that cannot be one
 * is refused: an empty one, one with spaces or line breaks inside (one trailing line break is dropped), one without
 * `prefix`, the one in use. One that the service refuses is dropped again, and is not taken a second time by the same
 * process. In all of these cases the current one stays untouched. After the grace, the old one is to be ended by hand; the rotation is over when the service refuses it.
 *
 * A file is left where it is: whoever put it there takes it away.
 *
 * @throws SecretError `MISCONFIGURED` for options that do not exist or do not fit.
 */
export function assisted(options: AssistedOptions): GeneratedPlan {
  refuseUnknownOptions(OF, options, OPTIONS)
  const { howToMake, howToRevoke, prefix = "" } = options
  const verify = options.verify?.bind(options)
  const verifyOld = options.verifyOld?.bind(options) ?? verify
  refuseNoFunction(`verify of ${OF}`, verify)
  for (const [name, text] of Object.entries({ howToMake, howToRevoke })) {
    if (typeof text !== "string" || text.trim() === "") {
      throw misconfigured(`${name} of ${OF} says nothing`, "write where a person goes, and what to do there")
    }
  }
  if (typeof prefix !== "string") throw misconfigured(`prefix of ${OF} is no text`, 'write prefix: "tly-"')
  const input = inputOf(OF, options.input)

  /** What the service has refused for each secret, last and as a hash: whoever waits for another one does not ask again. */
  const refused = new Map<string, string>()

  /** Which rotation of each secret was given a token last: it may ask again, after a write that failed. */
  const givenTo = new Map<string, string>()

  /** The token that was given, or what is wrong with it, as a sentence goes on after the input's name. */
  const read = async (context: AwaitsContext): Promise<{ token: string } | { flaw: string }> => {
    const given = await input.read(context)
    let seen =
      given === undefined ? { flaw: "holds no new token yet" } : tokenIn(given, prefix, context.current)
    if ("token" in seen && refused.get(context.name) === hashOf(seen.token))
      seen = { flaw: "holds the token that the service has refused" }
    // Whoever was asked has an answer to give that is none: he is asked again.
    if ("flaw" in seen) input.forget(context.name)
    return seen
  }

  return {
    kind: "generated",
    overlap: true,
    ...taken(options),

    async awaits(context): Promise<string | undefined> {
      const { name, scopes } = context
      // No rotation is on its way: what was given to one has been promoted since, or refused.
      if (givenTo.delete(name)) input.forget(name)
      const seen = await read(context)
      if ("token" in seen) return undefined
      const withScopes = scopes.length === 0 ? "" : ` with ${scopes.join(", ")}`
      return `${input.called} ${seen.flaw}: ${howToMake}${withScopes}`
    },

    async create(context): Promise<Credential> {
      const { name, rotationId } = context
      if ((givenTo.get(name) ?? rotationId) !== rotationId) input.forget(name)
      const seen = await read(context)
      givenTo.set(name, rotationId)
      if ("token" in seen) return { value: seen.token }
      throw new SecretError("INVALID_VALUE", {
        secret: name,
        message: `${input.called} ${seen.flaw}`,
        hint: howToMake,
      })
    },

    async verify({ value }, context): Promise<Verdict> {
      const token = textOf(value, context.name)
      const verdict = await verify(token, context)
      if (verdict === "works") refused.delete(context.name)
      else if (context.former !== true) refused.set(context.name, hashOf(token))
      return verdict
    },

    async verifyOld({ value }, context): Promise<Verdict> {
      if (value !== undefined) return await verifyOld(textOf(value, context.name), context)
      throw new SecretError("UNSUPPORTED", {
        secret: context.name,
        message: "the old token was not kept, so that nobody can see whether it is dead",
        hint: howToRevoke,
      })
    },

    revokedByHand: howToRevoke,
  }
}

function tokenIn(
  token: SecretValue,
  prefix: string,
  current: Credential | undefined,
): { token: string } | { flaw: string } {
  if (typeof token !== "string") return { flaw: "holds bytes that are no text" }
  if (token === "") return { flaw: "is empty" }
  // Also what no one can see: a byte-order mark, a no-break space, a zero-width one, as they come from web pages.
  if (/[\s\p{C}\p{Z}]/u.test(token))
    return { flaw: "has spaces, line breaks or invisible characters in its token" }
  if (!token.startsWith(prefix))
    return { flaw: `holds no token of this service, which begins with ${prefix}` }
  if (current !== undefined && Buffer.from(current.value).equals(Buffer.from(token))) {
    return { flaw: "holds the token that is in use" }
  }
  return { token }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64")
}

function textOf(value: SecretValue, secret: string): string {
  if (typeof value === "string") return value
  throw new SecretError("INVALID_VALUE", {
    secret,
    message: "the value is bytes, and no token",
    hint: "look at what the secret holds",
  })
}
