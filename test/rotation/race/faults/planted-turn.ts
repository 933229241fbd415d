import type { takeTurn as realTurn } from "../../../../src/rotation/protocol/turn.ts"
import { PLANTED_BUGS } from "../../model/planted.ts"

const planted = PLANTED_BUGS.find(({ bug }) => bug === "no fence after a pause")?.variation.turn
if (planted === undefined) throw new TypeError("no turn has the fault")

/** A turn that looks at the journal when it begins, and believes from then on that nobody else can have written it. */
export const takeTurn: typeof realTurn = planted
