import { SecretsProvider } from "@aws-lambda-powertools/parameters/secrets"
import { Secrets } from "latchkey"
import { type CountingStore, countingStore } from "../counting-store.ts"
import { fakeAws } from "../fake-aws.ts"
import { exactly, type Row } from "../row.ts"

const HOW_MANY = 100
const LATENCY = 20
const LIMIT = 10

const names = Array.from({ length: HOW_MANY }, (_, index) => `service/token-${index}`)

/** How a hundred names are read: in one round where the store has a batch, else with few calls at the same time. */
export const row: Row = {
  id: "batch-100",
  async measure() {
    const [batched, single, peer] = [await ours(HOW_MANY), await ours(1), await powertools()]
    const atOnce = {
      what: "100 names, without a batch",
      ours: single.mostAtOnce,
      peer: peer.mostAtOnce,
      peerName: "Powertools",
      unit: "at once",
    }
    return [
      exactly(1, {
        what: "100 names, with a batch",
        ours: batched.calls,
        peer: peer.calls,
        peerName: "Powertools",
        unit: "calls",
      }),
      { ...atOnce, figure: `at most ${LIMIT}`, met: atOnce.ours <= LIMIT && single.calls === HOW_MANY },
    ]
  },
}

async function ours(batchSize: number): Promise<CountingStore> {
  const counting = countingStore(LATENCY, batchSize)
  const secrets = new Secrets(counting.store)
  const handles = await secrets.getMany(Object.fromEntries(names.map(name => [name, name])))
  if (names.some(name => handles[name]?.reveal() !== `value of ${name}`)) throw new Error("a wrong value")
  await secrets.close()
  return counting
}

async function powertools(): Promise<{ readonly calls: number; readonly mostAtOnce: number }> {
  const aws = fakeAws(LATENCY)
  const provider = new SecretsProvider({ awsSdkV3Client: aws.client })
  const values = await Promise.all(names.map(name => provider.get(name, { maxAge: 300 })))
  if (values.some((value, index) => value !== `value of ${names[index]}`)) throw new Error("a wrong value")
  return aws
}
