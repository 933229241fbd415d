import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets"
import { Secrets } from "latchkey"
import { do_not_optimize, measure } from "mitata"
import { countingStore } from "../counting-store.ts"
import { fakeAws } from "../fake-aws.ts"
import { interleaved } from "../fresh.ts"
import { atMost, type Row } from "../row.ts"

const NAME = "tally/api-token"

/** So many calls are measured together, because the promise of what is measured costs as much as one of them. */
const AT_A_TIME = 64

/** The cost of asking for a secret that is held already. */
export const row: Row = {
  id: "cached-get",
  async measure() {
    const secrets = new Secrets(countingStore(1).store)
    const provider = new SecretsProvider({ awsSdkV3Client: fakeAws(1).client })
    await Promise.all([secrets.get(NAME), provider.get(NAME, { maxAge: 300 })])
    const times = await interleaved(15, {
      ours: () =>
        nanoseconds(async () => {
          for (let call = 0; call < AT_A_TIME; call++) do_not_optimize((await secrets.get(NAME)).reveal())
        }),
      peer: () =>
        nanoseconds(async () => {
          for (let call = 0; call < AT_A_TIME; call++)
            do_not_optimize(await provider.get(NAME, { maxAge: 300 }))
        }),
    })
    await secrets.close()
    return [
      atMost(0.5, { what: "get and reveal what is held", ...times, peerName: "Powertools", unit: "ns" }),
    ]
  },
}

async function nanoseconds(call: () => Promise<void>): Promise<number> {
  return (await measure(call, { min_cpu_time: 120e6 })).p50 / AT_A_TIME
}
