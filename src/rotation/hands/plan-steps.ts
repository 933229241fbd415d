import { SecretError } from "../../core/index.ts"
import { checkCandidate } from "../check-plan.ts"
import type {
  Credential,
  ListedCredential,
  MakeContext,
  OldCredential,
  StepContext,
  Verdict,
} from "../plan.ts"
import { type Deadlines, settlingOf } from "../plan-times.ts"
import type { NotMade, Step } from "../protocol/steps.ts"
import { farSideError } from "./far-side-error.ts"
import { isRefusal } from "./refusal.ts"
import type { Subject } from "./subject.ts"
import { untilVerdict } from "./verdict.ts"
import { within } from "./within.ts"

type StepOf<Do extends Step["do"]> = Extract<Step, { readonly do: Do }>

/** What a call of the plan is about. */
interface About {
  readonly rotationId: string
  readonly fence: number
  readonly compromised: boolean
  /** Whether the credential is none of this rotation. */
  readonly former?: boolean
}

/** The steps that the plan does: one call each, with a deadline that holds also for a plan that looks at no signal. */
export class PlanSteps {
  readonly #subject: Subject
  readonly #signal: AbortSignal

  /** @param signal ends every call. */
  constructor(subject: Subject, signal: AbortSignal) {
    this.#subject = subject
    this.#signal = signal
  }

  /** Gives back why nothing was made, where a far side that mints has said so itself. */
  async make(
    { rotationId, current }: StepOf<"create" | "mint">,
    inForce: Pick<About, "fence" | "compromised">,
  ): Promise<Credential | NotMade> {
    const { plan, terms, scopes } = this.#subject
    const make = (context: MakeContext): Promise<Credential> =>
      plan.kind === "generated" ? plan.create(context) : plan.mint(context)
    const call = plan.kind === "generated" ? "create" : "mint"
    const { grace, propagation } = terms
    let made: Credential
    try {
      made = await this.#call(call, "make", { rotationId, ...inForce }, context =>
        make({ ...context, current, label: terms.label(rotationId), scopes, grace, propagation }),
      )
    } catch (thrown) {
      if (call === "mint" && isRefusal(thrown)) return { notMade: thrown }
      throw thrown
    }
    checkCandidate(made, current)
    return made
  }

  async list(about: About): Promise<readonly ListedCredential[]> {
    const { plan } = this.#subject
    if (plan.kind !== "minted") return []
    const listed = await this.#call("listMinted", "list", about, async context => plan.listMinted?.(context))
    if (listed !== undefined && (!Array.isArray(listed) || !listed.every(isListed))) {
      throw this.#garbled("listMinted", "a list of { id, label? }")
    }
    return listed ?? []
  }

  async identify(value: Credential["value"], about: About): Promise<string | undefined> {
    const { plan } = this.#subject
    const id = await this.#call("identify", "list", about, async context => plan.identify?.(value, context))
    if (id !== undefined && (typeof id !== "string" || id === "")) throw this.#garbled("identify", "an id")
    return id
  }

  async apply({ credential, current }: StepOf<"apply">, about: About): Promise<undefined> {
    const { plan } = this.#subject
    await this.#call("apply", "apply", about, async context =>
      plan.apply?.(credential, { ...context, current }),
    )
  }

  async revoke(credential: OldCredential, about: About): Promise<undefined> {
    const { plan } = this.#subject
    await this.#call("revoke", "revoke", about, async context => plan.revoke?.(credential, context))
  }

  /** Tried for a while before a refusal counts: what was just made may not be known everywhere yet. */
  async verify(credential: Credential, about: About): Promise<Verdict> {
    const { plan } = this.#subject
    return await this.#verdict("verify", "works", about, context => plan.verify(credential, context))
  }

  /** Tried for a while before an acceptance counts: what was just revoked may still be known somewhere. */
  async verifyOld(credential: OldCredential, about: About): Promise<Verdict> {
    const { plan } = this.#subject
    return await this.#verdict(
      "verifyOld",
      "refused",
      about,
      async context => (await plan.verifyOld?.(credential, context)) ?? "refused",
    )
  }

  /** What a person has to do before a rotation can begin. */
  async awaits(current: Credential | undefined): Promise<string | undefined> {
    const { plan, name, scopes } = this.#subject
    if (plan.awaits === undefined) return undefined
    const about = { rotationId: "", fence: 0, compromised: false }
    const what = await this.#call("awaits", "make", about, async ({ signal }) =>
      plan.awaits?.({ name, current, scopes, signal }),
    )
    if (what !== undefined && typeof what !== "string") throw this.#garbled("awaits", "a line of text")
    return what
  }

  async #verdict(
    call: "verify" | "verifyOld",
    wanted: Verdict,
    about: About,
    ask: (context: StepContext) => Promise<Verdict>,
  ): Promise<Verdict> {
    const { clock, plan } = this.#subject
    const settling = settlingOf(plan)
    return await this.#call(call, "verify", about, context =>
      untilVerdict({ clock, settling, wanted, signal: context.signal }, async () => {
        const verdict = await ask(context)
        if (verdict !== "works" && verdict !== "refused") throw this.#garbled(call, '"works" or "refused"')
        return verdict
      }),
    )
  }

  async #call<T>(
    call: string,
    step: keyof Deadlines,
    about: About,
    run: (context: StepContext) => Promise<T>,
  ): Promise<T> {
    const { name, clock, deadlines } = this.#subject
    const signal = this.#signal
    const what = `${call} of the plan`
    try {
      return await within({ clock, signal, deadline: deadlines[step], what, secret: name }, async own =>
        run({ ...about, name, signal: own }),
      )
    } catch (thrown) {
      throw farSideError(thrown, call, name)
    }
  }

  #garbled(call: string, expected: string): SecretError {
    return new SecretError("INVALID_VALUE", {
      secret: this.#subject.name,
      message: `${call} of the plan gave something else than ${expected}`,
    })
  }
}

function isListed(credential: unknown): boolean {
  const { id, label } = (credential ?? {}) as Partial<Record<keyof ListedCredential, unknown>>
  return typeof id === "string" && id !== "" && (label === undefined || typeof label === "string")
}
