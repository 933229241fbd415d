import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets"
import { Secrets } from "latchkey"
import { do_not_optimize, measure } from "mitata"
import { countingStore } from "../counting-store.ts"
import { fakeAws } from "../fake-aws.ts"
import { interleaved } from "../fresh.ts"
import { atMost, type Row } from "../row.ts"

const NAME = "tally/api-token"

/** The cost of asking for a secret that is held already. */
export const row: Row = {
  id: "cached-get",
  async measure() {
    const secrets = new Secrets(countingStore(1).store)
    const provider = new SecretsProvider({ awsSdkV3Client: fakeAws(1).client })
    const ours = async () => do_not_optimize((await secrets.get(NAME)).reveal())
    const peer = async () => do_not_optimize(await provider.get(NAME, { maxAge: 300 }))
    await Promise.all([ours(), peer()])
    const times = await interleaved(9, { ours: () => nanoseconds(ours), peer: () => nanoseconds(peer) })
    await secrets.close()
    return [
      atMost(0.5, { what: "get and reveal what is held", ...times, peerName: "Powertools", unit: "ns" }),
    ]
  },
}

async function nanoseconds(call: () => Promise<void>): Promise<number> {
  return (await measure(call, { min_cpu_time: 200e6 })).p50
}
