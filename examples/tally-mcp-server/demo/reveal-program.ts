import { openSecrets } from "latchkey"
import { answerParent } from "./answer-parent.ts"

/** A program that does not know of rotation: it reveals the token at the point of use and no more. */
const secrets = await openSecrets()
const token = await secrets.get("tally/api-token")

answerParent(
  () => token.reveal(),
  async () => await secrets.close(),
)
