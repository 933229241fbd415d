/** What most programs do: the `.env` is read once, at start-up. */
import "dotenv/config"
import { answerParent } from "../../examples/tally-mcp-server/demo/answer-parent.ts"

answerParent(() => process.env.TALLY__API_TOKEN ?? "")
