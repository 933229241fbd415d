/** A program that rotates one secret, as a process of its own: told what to do by its parent, whom it tells all it does. */
import { randomUUID } from "node:crypto"
import { systemClock } from "../../../../src/core/index.ts"
import { farSideAt } from "../far-side/over-http.ts"
import { Life } from "../life.ts"
import { PLANS, USUAL } from "../plans.ts"
import { type Onlooker, Program } from "../program.ts"
import type { FromProcess, Order, Task, ToProcess } from "./messages.ts"
import { openConfigured } from "./store-config.ts"

const goOn: (() => void)[] = []
let program: Program | undefined

/** What is told and not answered. */
function tell(message: FromProcess): void {
  process.send?.(message)
}

/** Tells something, and waits until the parent lets it go on. */
async function asked(message: FromProcess): Promise<void> {
  const answered = new Promise<void>(resolve => void goOn.push(resolve))
  tell(message)
  await answered
}

const onlooker: Onlooker = {
  saw: (journal, wrote) => tell({ say: "saw", journal, wrote }),
  calls: async call => await asked({ say: "calls", call }),
  called: async (call, isChange, isWell) => await asked({ say: "called", call, isChange, isWell }),
}

function begin({ store, name, plan, far, prefix }: Task): void {
  program = new Program({
    name,
    opened: openConfigured(store),
    life: new Life(),
    clock: systemClock,
    onlooker,
    far: farSideAt(far),
    plan: side => PLANS[plan]({ far: side, pace: USUAL, newValue: () => `${prefix}-${randomUUID()}` }),
  })
}

async function follow(order: Order): Promise<void> {
  if (program === undefined) throw new TypeError("it was not begun")
  tell({ say: "came to", outcome: await program[order]() })
}

process.on("message", (message: ToProcess) => {
  if (message.say === "go on") goOn.shift()?.()
  else if (message.say === "begin") {
    begin(message.task)
    tell({ say: "ready" })
  } else
    follow(message.order).catch((thrown: unknown) =>
      tell({ say: "failed", message: thrown instanceof Error ? thrown.message : "no error" }),
    )
})
tell({ say: "ready" })
