import type { RotationState } from "../../core/index.ts"
import { type Hands, StepFailed } from "../hands/hands.ts"
import type { Subject } from "../hands/subject.ts"
import type { RotationPlan } from "../plan.ts"
import { durationText } from "../plan-times.ts"
import type { AnswerTo, Step } from "../protocol/steps.ts"
import type { DryRun, DryRunCheck, RotationStatus } from "./report.ts"

/** A rotation that no journal knows: what the plan is asked in a dry run is part of none. */
const NONE = "dry-run"

/**
 * What a rotation would do from where it stands, and whether the store and the far side would let it. Asks what changes
 * nothing: for the journal, the secret, what the store checks, what was minted, and whether the credential in use works.
 */
export async function dryRunOf(subject: Subject, hands: Hands, status: RotationStatus): Promise<DryRun> {
  const { name, plan, ledger } = subject
  const checks: DryRunCheck[] = []
  const check = async <T>(what: (answer: T) => string, call: () => Promise<T>): Promise<T | undefined> => {
    try {
      const answer = await call()
      checks.push({ what: what(answer) })
      return answer
    } catch (thrown) {
      if (!(thrown instanceof StepFailed)) throw thrown
      checks.push({ what: FAILED[thrown.step] ?? "the store could not be asked", error: thrown.error })
      return undefined
    }
  }
  const asked = <S extends Step>(step: S, what: (answer: AnswerTo<S>) => string) =>
    check(what, () => hands.perform(step))

  await check(
    () => "the journal can be read",
    () => hands.load(),
  )
  await check(
    () => "the store can carry a rotation of this secret",
    () => hands.check(),
  )
  const main = await asked({ do: "main" }, ({ version }) =>
    version === undefined
      ? "there is no such secret yet: the first rotation makes it"
      : "the secret can be read",
  )
  if (plan.kind === "minted" && plan.listMinted !== undefined) {
    await asked(
      { do: "list", rotationId: NONE },
      listed => `the far side lists what was made there: ${listed.length}`,
    )
  }
  if (main?.value !== undefined) {
    const credential = { value: main.value }
    await asked({ do: "verify", rotationId: NONE, credential }, verdict =>
      verdict === "works"
        ? "the plan can verify, and the credential in use works"
        : "the plan can verify, and refuses the credential in use",
    )
  }
  const waits = await check(
    what =>
      what === undefined ? "no person has to do anything first" : "a person has to do something first",
    () => hands.awaits(),
  )
  return {
    name,
    status,
    steps: stepsFrom(status.state ?? "idle", plan, subject.terms.grace, subject.terms.propagation, waits),
    permissions: ledger.permissions(name),
    needs: plan.needs ?? [],
    checks,
    ...(waits === undefined || status.state !== "idle" ? {} : { awaits: waits }),
    ok: checks.every(({ error }) => error === undefined),
  }
}

const FAILED: Readonly<Partial<Record<StepFailed["step"], string>>> = {
  load: "the journal cannot be read",
  check: "the store cannot carry a rotation of this secret",
  main: "the secret cannot be read",
  list: "the far side does not list what was made there",
  verify: "the plan cannot verify",
  awaits: "the plan cannot say whether a person has to do something first",
}

/** In which state each step is taken. */
const ORDER: readonly RotationState[] = [
  "idle",
  "claimed",
  "cleaning",
  "minting",
  "parked",
  "applied",
  "verified",
  "published",
  "promoted",
  "retiring",
]

function stepsFrom(
  state: RotationState,
  plan: RotationPlan,
  grace: number,
  propagation: number,
  waits: string | undefined,
): string[] {
  if (state === "blocked") return []
  if (state === "discarding") {
    return ["revokes and removes the candidate that was given up; the credential in use stays"]
  }
  const from = ORDER.indexOf(state)
  const steps: (readonly [RotationState, string])[] = [
    ["idle", "writes down that this process rotates the secret; whoever else wants to waits"],
    ["minting", makes(plan)],
    ["minting", "keeps it in the store beside the secret, where no reader sees it"],
    ...(plan.apply === undefined
      ? []
      : [["parked", "makes the far side accept it, by apply of the plan"] as const]),
    [
      "applied",
      plan.overlap
        ? "sees that the far side accepts it, by verify of the plan; where it is refused, it is removed again"
        : "sees that the far side accepts it, by verify of the plan; where it is refused, it is applied again, and then a person is asked",
    ],
    ...(plan.kind === "generated" && plan.publish !== undefined
      ? [["verified", `publishes it for checking, and waits ${durationText(propagation)}`] as const]
      : []),
    ["published", "makes it the current version of the secret, if nobody has changed that meanwhile"],
    ["promoted", `waits ${durationText(grace)} until nobody uses the old one any more`],
    ["retiring", ends(plan)],
    ["retiring", "removes what it kept beside the secret"],
  ]
  const first = waits === undefined || state !== "idle" ? [] : [`waits for a person: ${waits}`]
  return [...first, ...steps.filter(([when]) => ORDER.indexOf(when) >= from).map(([, words]) => words)]
}

function makes(plan: RotationPlan): string {
  return plan.kind === "generated"
    ? "makes a new credential here, by create of the plan"
    : "has the far side make a new credential, by mint of the plan"
}

function ends(plan: RotationPlan): string {
  if (plan.revokedByHand !== undefined)
    return `waits until a person has ended the old one: ${plan.revokedByHand}`
  if (plan.revoke === undefined) return "ends nothing at the far side: the plan has no revoke"
  const seen = plan.verifyOld === undefined ? "" : ", and sees that it is refused, by verifyOld"
  return `ends the old one, by revoke of the plan${seen}`
}
