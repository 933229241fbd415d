import type { Clock, SecretStore } from "../../../../src/core/index.ts"
import { savesByClock } from "../../crash/plants.ts"
import type { FaultName } from "../messages.ts"
import { writesOver } from "./writes-over.ts"

/** What a fault may use, and may put something else in the place of. */
interface Soil {
  readonly store: SecretStore
  readonly clock: Clock
}

const sound = (soil: Soil): Soil => soil

const FAULTS: Readonly<Record<FaultName, (soil: Soil) => Soil>> = {
  "a journal without compare-and-set": ({ store, clock }) => ({
    clock,
    store: {
      ...store,
      rotation() {
        if (store.rotation === undefined) throw new TypeError("a store without a ledger cannot be rotated")
        return savesByClock(store.rotation(), { store, clock })
      },
    },
  }),
  "a journal that whoever was overtaken writes over": ({ store, clock }) => ({
    clock,
    store: {
      ...store,
      rotation() {
        if (store.rotation === undefined) throw new TypeError("a store without a ledger cannot be rotated")
        return writesOver(store.rotation())
      },
    },
  }),
  // It is in a module of the protocol, and comes with the process.
  "no fence after a pause": sound,
}

/** What puts a fault into a replica; nothing without one. */
export function faultOf(fault: FaultName | undefined): (soil: Soil) => Soil {
  return fault === undefined ? sound : FAULTS[fault]
}
