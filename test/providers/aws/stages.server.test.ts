import { DescribeSecretCommand } from "@aws-sdk/client-secrets-manager"
import { aws } from "latchkey/aws"
import { describe, expect, it, onTestFinished } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import type { AwsServer } from "../../servers/index.ts"
import { bareClient } from "./harness.ts"
import { calm, collect } from "./play.ts"

let places = 0

/** Options of a store on a server, under a prefix that nobody else uses. */
function placeOn({ url, region, accessKeyId, secretAccessKey }: AwsServer) {
  const prefix = `stages-${process.pid}-${Date.now()}/p${++places}`
  return { region, endpoint: url, credentials: { accessKeyId, secretAccessKey }, prefix }
}

for (const name of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server: name, kind: "contract" }, server => {
    describe("the stages of a secret", () => {
      it("are seen in its versions, and what was replaced is read by its own", async () => {
        const place = placeOn(server)
        const store = aws(place)
        const before = aws({ ...place, stage: "AWSPREVIOUS" })
        onTestFinished(async () => void (await Promise.all([store.close(), before.close()])))
        const first = await store.write("a", "one", calm)
        await expect(before.read("a", calm)).rejects.toMatchObject({ code: "NOT_FOUND" })
        const second = await store.write("a", "two", { ...calm, expect: first.version })
        expect(await before.read("a", calm)).toMatchObject({ value: "one", version: first.version })
        const stages = async () =>
          (await collect(store.versions("a", calm))).map(({ version, stages }) => [version, stages])
        expect(await stages()).toEqual([
          [second.version, ["AWSCURRENT"]],
          [first.version, ["AWSPREVIOUS"]],
        ])
      })

      it("are left without one of ours when a conditional write has won or lost", async () => {
        const place = placeOn(server)
        const store = aws(place)
        const first = await store.write("a", "one", calm)
        const second = await store.write("a", "two", { ...calm, expect: first.version })
        await expect(store.write("a", "three", { ...calm, expect: first.version })).rejects.toMatchObject({
          code: "CONFLICT",
        })
        await store.close()
        const client = bareClient(server)
        const { VersionIdsToStages } = await client.send(
          new DescribeSecretCommand({ SecretId: `${place.prefix}/a` }),
        )
        client.destroy()
        expect(VersionIdsToStages?.[second.version]).toEqual(["AWSCURRENT"])
        expect(
          Object.values(VersionIdsToStages ?? {})
            .flat()
            .sort(),
        ).toEqual(["AWSCURRENT", "AWSPREVIOUS"])
      })
    })

    it("creates a secret with the key and the tags that are asked for", async () => {
      const place = placeOn(server)
      const store = aws({ ...place, kmsKeyId: "alias/tally", tags: { team: "billing" } })
      await store.write("a", "one", calm)
      await store.close()
      const client = bareClient(server)
      const { KmsKeyId, Tags } = await client.send(
        new DescribeSecretCommand({ SecretId: `${place.prefix}/a` }),
      )
      client.destroy()
      expect([KmsKeyId, Tags]).toEqual(["alias/tally", [{ Key: "team", Value: "billing" }]])
    })
  })
}
