import type { RotationJournal } from "../../../src/core/index.ts"
import type { Answer, Found, Part, Saving, Step } from "../../../src/rotation/protocol/steps.ts"
import { ask } from "../../../src/rotation/protocol/steps.ts"
import type { Ending } from "../../../src/rotation/protocol/terms.ts"
import { takeTurn } from "../../../src/rotation/protocol/turn.ts"
import type { Budget, Variation } from "./situation.ts"
import type { Setting } from "./world.ts"

/** A fault in the protocol or in a store, and where it shows. */
export interface PlantedBug {
  readonly bug: string
  readonly variation: Variation
  readonly setting: Setting
  readonly budget: Budget
  /** The promise that it breaks. */
  readonly breaks: RegExp
}

type Turn = NonNullable<Variation["turn"]>

const NONE: Budget = { crashes: 0, lost: 0, jumps: 0, edits: 0, claims: 1 }

/** Mints as soon as it finds nothing on its way, and claims then. */
const mintFirst: Turn = function* (terms, mind, wish) {
  const turn = takeTurn(terms, mind, wish)
  let minted: Answer
  let next = turn.next()
  while (!next.done) {
    const step: Step = next.value
    if (step.do === "save" && step.journal.state === "claimed") {
      minted = yield* ask({ do: "mint", rotationId: step.journal.rotationId ?? "", current: undefined })
      const saving = yield* ask(step)
      if (!saving.saved) return { end: "lost", alarm: false } satisfies Ending
      const { reference } = yield* ask({
        do: "park",
        rotationId: step.journal.rotationId ?? "",
        value: (minted as { value: string }).value,
      })
      next = turn.next(saving)
      if (reference === "") break
      continue
    }
    next = turn.next(yield step)
  }
  return next.done ? next.value : { end: "moved" }
}

/** Looks at the journal when a turn begins, and believes from then on that nobody else can have written it. */
const neverLooksAgain: Turn = function* (terms, mind, wish) {
  const turn = takeTurn(terms, mind, wish)
  let found: Found | undefined
  let next = turn.next()
  while (!next.done) {
    const step: Step = next.value
    if (step.do === "load" && found !== undefined) {
      next = turn.next(found)
      continue
    }
    const sent: Step = step.do === "save" ? { ...step, journal: yield* dated(step.journal, found) } : step
    const answer = yield sent
    if (step.do === "load") found = answer as Found
    if (sent.do === "save" && (answer as Saving).saved) found = seen(sent.journal, found)
    next = turn.next(answer)
  }
  return next.value
}

/** It does look at the clock: what begins with a promotion is dated by the time after it. */
function* dated(journal: RotationJournal, found: Found | undefined): Part<RotationJournal> {
  if (journal.notBefore === undefined) return journal
  const { at } = yield* ask({ do: "load" })
  return { ...journal, notBefore: journal.notBefore + at - (found?.at ?? at) }
}

function seen(journal: RotationJournal, found: Found | undefined): Found {
  return { at: found?.at ?? 0, monotonic: found?.monotonic ?? 0, byStore: true, journal }
}

/** Each of them breaks a promise somewhere, and the explorer has to find it. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    bug: "minting before the claim",
    breaks: /nobody knows of/,
    variation: { turn: mintFirst },
    setting: { name: "minted", kind: "minted", identifies: true },
    budget: NONE,
  },
  {
    bug: "an unconditional promotion",
    breaks: /wrote over what a person had changed/,
    variation: { planted: { unconditionalPromotion: true } },
    setting: { name: "generated", kind: "generated", identifies: true },
    budget: { ...NONE, edits: 1 },
  },
  {
    bug: "a retirement without grace",
    breaks: /within its grace/,
    variation: { terms: { grace: 0 } },
    setting: { name: "generated", kind: "generated", identifies: true },
    budget: NONE,
  },
  {
    bug: "no fence after a pause",
    breaks: /which is in use/,
    variation: { turn: neverLooksAgain, prompt: true },
    setting: {
      name: "minted",
      kind: "minted",
      labels: true,
      identifies: true,
      promotion: "detected",
    },
    budget: { ...NONE, jumps: 1 },
  },
  {
    bug: "parking that overwrites",
    breaks: /which the far side refuses/,
    variation: { planted: { parkOverwrites: true } },
    setting: { name: "generated", kind: "generated", identifies: true },
    budget: { ...NONE, jumps: 1 },
  },
  {
    bug: "a journal that is guarded by the wall clock only",
    breaks: /never comes to rest/,
    variation: { planted: { journalByClock: true } },
    setting: { name: "generated", kind: "generated", overlap: false },
    budget: { ...NONE, jumps: 1 },
  },
]
