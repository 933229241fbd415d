/** One replica, as a process of its own: it does what it is told over the channel to its parent, and ends with that one. */
import { LeapingClock } from "./clock.ts"
import { farSideAt } from "./far-side.ts"
import { Gate } from "./gate.ts"
import type { Order, Start, Told } from "./messages.ts"
import { Replica } from "./replica.ts"
import { open } from "./stores/open.ts"

const start: Start = JSON.parse(process.argv[2] ?? "{}")
let goOn = (): void => undefined

function tell(told: Told): void {
  process.send?.(told)
}

const gate = new Gate(async at => {
  const going = new Promise<void>(resolve => {
    goOn = resolve
  })
  tell({ told: "stopping", at })
  await going
})
const clock = new LeapingClock(start.time)
const opened = await open(start.address, { life: gate, now: () => clock.wall() })
const replica = new Replica({ start, opened, gate, clock, far: farSideAt(start.far), tell })

const DEEDS: { readonly [Do in Order["do"]]: (order: Extract<Order, { do: Do }>) => unknown } = {
  look: async ({ stop }) => tell({ told: "looked", ...(await replica.look(stop)) }),
  "go on": () => goOn(),
  "hear the clock": () => clock.hear(),
  async close() {
    await replica.close()
    await opened.close()
    clock.close()
    process.disconnect()
  },
}

process.on("message", (order: Order) => {
  // What fails here is a mistake of the race, and ends the process with its stack.
  void (DEEDS[order.do] as (order: Order) => unknown)(order)
})
// Whoever has nobody to tell any more is of no use.
process.on("disconnect", () => process.exit())
tell({ told: "ready" })
