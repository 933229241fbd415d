import { randomBytes, randomInt } from "node:crypto"
import type { RotationJournal } from "latchkey"
import { type AwsOptions, aws } from "latchkey/aws"
import { expect, it, onTestFinished } from "vitest"
import { startHttpProxy } from "../faults/http-proxy.ts"
import { casesOf } from "../servers/cases.ts"
import type { AwsServer } from "../servers/index.ts"
import { ATTEMPTS, type Attempt } from "./exactly.ts"
import { permitted } from "./files.ts"
import { NEEDS } from "./needs.ts"

const signal = new AbortController().signal
const NAME = "tally/api-token"

/** What a policy is for, by its file. What is not here is done as everywhere. */
const OWN: Readonly<Record<string, Attempt>> = {
  "aws-read-many": async store => await store.readMany?.([NAME, "tally/missing"], { signal }),
  async "aws-replace"(store) {
    const { version } = await store.write(NAME, "a value to be replaced", { signal })
    await store.write(NAME, "another value", { signal, expect: version })
  },
  async "aws-rotation"(store) {
    const ledger = store.rotation?.()
    if (ledger === undefined) throw new Error("the store cannot rotate")
    const rotationId = "a-rotation"
    const journal: RotationJournal = {
      schema: 1,
      seq: 1,
      state: "claimed",
      owner: "a-nonce",
      leaseUntil: 0,
      attempt: 0,
    }
    await ledger.check(NAME, { signal })
    await ledger.journals?.load(NAME, { signal })
    await ledger.journals?.save(NAME, journal, { signal, expectSeq: 0 })
    await ledger.journals?.save(NAME, { ...journal, seq: 2 }, { signal, expectSeq: 1 })
    const { version } = await store.read(NAME, { signal })
    const { reference } = await ledger.park(NAME, { signal, rotationId, value: "a new value" })
    await ledger.kept(NAME, { signal, rotationId })
    const promotion = { rotationId, value: "a new value", reference, expectBase: version }
    await ledger.promote(NAME, { signal, ...promotion, journal: () => journal })
    await ledger.discard(NAME, { signal, rotationId })
    const told = ledger.permissions(NAME).map(({ action }) => action)
    expect([...new Set(told)].toSorted()).toEqual([...permitted("aws-rotation")].toSorted())
  },
}

/** Which actions a proxy in front of LocalStack sees while something is done. */
async function actionsOf(
  { url, region, secretAccessKey }: AwsServer,
  attempt: Attempt,
  options: AwsOptions,
): Promise<string[]> {
  const proxy = await startHttpProxy({ upstream: url })
  // LocalStack takes twelve digits for an account: in one of its own a test meets nobody else.
  const credentials = { accessKeyId: String(randomInt(10 ** 11, 10 ** 12)), secretAccessKey }
  const prefix = `permissions/bench-a${randomBytes(6).toString("hex")}`
  const store = aws({ region, endpoint: proxy.url, credentials, prefix, ...options })
  onTestFinished(async () => {
    await store.close()
    await proxy.close()
  })
  await store.write(NAME, "a value", { signal })
  proxy.log.clear()
  await attempt(store)
  return [...new Set(proxy.log.requests.map(({ operation }) => `secretsmanager:${operation}`))]
}

casesOf({ backend: "aws", server: "localstack", kind: "contract" }, server => {
  for (const { operation, file } of NEEDS.aws.needs) {
    // A key is used by the service, and not by a call of ours.
    if (file === "aws-key") continue
    it(`the policy ${file} permits what is called, and nothing else`, async () => {
      const attempt = OWN[file] ?? ATTEMPTS[operation]
      if (attempt === undefined) throw new Error(`nobody knows how to ${operation}`)
      const forGood: AwsOptions = file === "aws-delete-for-good" ? { recoveryWindow: "none" } : {}
      expect((await actionsOf(server, attempt, forGood)).toSorted()).toEqual([...permitted(file)].toSorted())
    })
  }
})
