import { DescribeSecretCommand, UpdateSecretVersionStageCommand } from "@aws-sdk/client-secrets-manager"
import type { RotationJournal } from "latchkey"
import { type AwsOptions, aws } from "latchkey/aws"
import { describe, expect, it, onTestFinished } from "vitest"
import { generatedKey, Rotator } from "../../../src/rotation/index.ts"
import { startHttpProxy } from "../../faults/http-proxy.ts"
import { rotated } from "../../rotation/support/rotated.ts"
import { casesOf } from "../../servers/cases.ts"
import type { AwsServer } from "../../servers/index.ts"
import { bareClient } from "./harness.ts"
import { calm, collect, errorOf } from "./play.ts"

let places = 0

/** A store under a prefix that nobody else uses, with one secret in it, and the SDK as a person has it. */
async function placeOn(server: AwsServer, options: AwsOptions = {}) {
  const prefix = `rotation-${process.pid}-${Date.now()}/p${++places}`
  const { region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const store = aws({ region, endpoint: server.url, credentials, prefix, ...options })
  const client = bareClient(server)
  onTestFinished(async () => {
    await store.close()
    client.destroy()
  })
  const { version: base } = await store.write("token", "old", calm)
  const move = async (to: string, from: string): Promise<void> => {
    const SecretId = `${prefix}/token`
    const stage = { VersionStage: "AWSCURRENT", MoveToVersionId: to, RemoveFromVersionId: from }
    await client.send(new UpdateSecretVersionStageCommand({ SecretId, ...stage }))
  }
  const labels = async () => {
    const asked = new DescribeSecretCommand({ SecretId: `${prefix}/token` })
    const { VersionIdsToStages } = await client.send(asked)
    return VersionIdsToStages ?? {}
  }
  return { store, ledger: store.rotation(), base, move, labels }
}

const journal = (change: Partial<RotationJournal>): RotationJournal => ({
  schema: 1,
  seq: 1,
  state: "claimed",
  owner: "nonce",
  leaseUntil: 0,
  attempt: 0,
  ...change,
})

/** A promotion of the candidate of rotation `"one"`. */
const promotion = (reference: string, expectBase: string) => ({
  ...calm,
  rotationId: "one",
  value: "new",
  reference,
  expectBase,
  journal: () => journal({ state: "promoted" }),
})

for (const name of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server: name, kind: "contract" }, server => {
    describe("a rotation", () => {
      it("that was promoted and taken back by a person is not promoted again", async () => {
        const { store, ledger, base, move } = await placeOn(server)
        const { reference } = await ledger.park("token", { ...calm, rotationId: "one", value: "new" })
        await ledger.promote("token", promotion(reference, base))
        await move(base, reference)
        expect((await store.read("token", calm)).value).toBe("old")
        const error = await errorOf(ledger.promote("token", promotion(reference, base)))
        expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
        expect((await store.read("token", calm)).value).toBe("old")
      })

      it("of a value that was not parked, taken back by a person, is not promoted again either", async () => {
        const { store, ledger, base, move } = await placeOn(server)
        const { reference: _, ...whole } = promotion("", base)
        const { version } = await ledger.promote("token", whole)
        await move(base, version)
        expect((await errorOf(ledger.promote("token", whole))).code).toBe("CONFLICT")
        expect((await store.read("token", calm)).value).toBe("old")
      })

      it("shows its candidate among no versions, and none of its labels", async () => {
        const { store, ledger, base, labels } = await placeOn(server)
        const { reference } = await ledger.park("token", { ...calm, rotationId: "one", value: "new" })
        const seen = async () =>
          (await collect(store.versions("token", calm))).map(({ version, stages }) => [version, stages])
        expect(await seen()).toEqual([[base, ["AWSCURRENT"]]])
        await ledger.promote("token", promotion(reference, base))
        expect(await seen()).toEqual([
          [reference, ["AWSCURRENT"]],
          [base, ["AWSPREVIOUS"]],
        ])
        expect(Object.values(await labels()).flat()).toContain(`latchkey-rotation-${reference}`)
        await ledger.discard("token", { ...calm, rotationId: "one" })
        expect(await labels()).toEqual({ [reference]: ["AWSCURRENT"], [base]: ["AWSPREVIOUS"] })
      })

      it("leaves a secret that has no candidate of a late rotation, when that is discarded too", async () => {
        const { ledger, base, labels } = await placeOn(server)
        const { reference } = await ledger.park("token", { ...calm, rotationId: "one", value: "new" })
        await ledger.promote("token", promotion(reference, base))
        await ledger.discard("token", { ...calm, rotationId: "one" })
        await ledger.park("token", { ...calm, rotationId: "one", value: "late" })
        expect((await errorOf(ledger.promote("token", promotion(reference, base)))).code).toBe("CONFLICT")
        await ledger.discard("token", { ...calm, rotationId: "one" })
        expect(
          Object.values(await labels())
            .flat()
            .sort(),
        ).toEqual(["AWSCURRENT", "AWSPREVIOUS"])
      })

      it("is carried from its claim to its end by a Rotator, with eleven writes, and the next one after it", async () => {
        const proxy = await startHttpProxy({ upstream: server.url })
        onTestFinished(async () => await proxy.close())
        const { store, labels } = await placeOn(server, { endpoint: proxy.url })
        const consumers = { ttl: "1ms", maxStale: "0s", callTimeout: "1ms", tokenLifetime: "0s" } as const
        const plan = { ...generatedKey({ consumers }), revoke: async () => undefined }
        const rotator = new Rotator({ store, rotations: { token: { plan } } })
        onTestFinished(async () => await rotator.close())
        const values = new Set([(await store.read("token", calm)).value])
        for (const _ of ["first", "second"]) {
          proxy.log.clear()
          // The service's clock counts in seconds, so the end of the shortest grace may be one away.
          await rotated(rotator, "token")
          values.add((await store.read("token", calm)).value)
          const operations = proxy.log.requests.map(({ operation }) => operation)
          const writes = operations.filter(operation => !/^(?:Get|Describe)/.test(operation))
          expect(writes.length).toBeLessThanOrEqual(11)
          expect(
            Object.values(await labels())
              .flat()
              .sort(),
          ).toEqual(["AWSCURRENT", "AWSPREVIOUS"])
        }
        expect(values.size).toBe(3)
      })

      it("makes three writes beside those of its journal, and one of each of these", async () => {
        const proxy = await startHttpProxy({ upstream: server.url })
        onTestFinished(async () => await proxy.close())
        const { ledger, base } = await placeOn(server, { endpoint: proxy.url })
        proxy.log.clear()
        const states = ["claimed", "parked", "applied", "verified", "promoted", "retiring", "idle"] as const
        await ledger.check("token", calm)
        let parked: string | undefined
        for (const [index, state] of states.entries()) {
          if (state === "parked")
            parked = (await ledger.park("token", { ...calm, rotationId: "one", value: "new" })).reference
          if (state === "promoted") await ledger.promote("token", promotion(parked ?? "", base))
          if (state === "idle") await ledger.discard("token", { ...calm, rotationId: "one" })
          const seq = index + 1
          await ledger.journals?.save("token", journal({ seq, state }), { ...calm, expectSeq: index })
        }
        const operations = proxy.log.requests.map(({ operation }) => operation)
        const writes = operations.filter(operation => !/^(?:Get|Describe)/.test(operation))
        expect(writes.length).toBe(states.length + 3)
      })
    })
  })
}
