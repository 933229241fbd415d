import { openSecrets } from "latchkey"

const secrets = await openSecrets()
const token = await secrets.get("tally/api-token")
// #region callbacks
const subscription = token.onRotate(async ({ current, previous, version }) => {
  await reconnect(current.reveal()) // pinned: what this change is about, whatever comes next
  console.error("moved from", previous?.version, "to", version)
})
// #endregion
// #region use
const answer = await token.use(async (value, { signal }) => await callTally(value, signal), {
  rejected: outcome => "error" in outcome && outcome.error instanceof TokenRefused,
})
// #endregion
console.log(answer)
subscription[Symbol.dispose]()
await secrets.close()

async function reconnect(_token: string): Promise<void> {}

class TokenRefused extends Error {}

async function callTally(token: string, _signal: AbortSignal): Promise<string> {
  if (token !== "tly-snippet") throw new TokenRefused()
  return "three forms"
}
// prints: three forms
