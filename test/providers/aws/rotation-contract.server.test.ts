import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager"
import { type AwsOptions, aws } from "latchkey/aws"
import { type LedgerHarness, testLedger } from "latchkey/testing"
import { casesOf } from "../../servers/cases.ts"
import type { AwsServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { bareClient, putBare } from "./harness.ts"
import { putByMove } from "./put-by-move.ts"

let harnesses = 0

/** A store whose secrets are under a prefix that nobody else uses. */
function harness(server: AwsServer): LedgerHarness {
  const canary = newCanary()
  const client = bareClient(server)
  const prefix = `ledger-${process.pid}-${Date.now()}/h${++harnesses}`
  const open = (options: AwsOptions): ReturnType<typeof aws> =>
    canary.watch(
      aws({
        region: server.region,
        endpoint: server.url,
        credentials: { accessKeyId: server.accessKeyId, secretAccessKey: canary.text },
        ...options,
      }),
    )
  const put = server.name === "moto" ? putByMove : putBare
  return {
    store: open({ prefix }),
    promises: { promotion: "conditional", creates: false },
    replica: () => open({ prefix }),
    withPrefix: further => open({ prefix: `${prefix}/${further}` }),
    // LocalStack loses bytes that are put beside others, which the suite of stores holds against it.
    holds: value => typeof value === "string" || server.name !== "localstack",
    largest: 65_536,
    put: async (name, value) => await put(client, `${prefix}/${name}`, value),
    async remove(name) {
      const SecretId = `${prefix}/${name}`
      await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
    },
    writeJournal: async (name, text) => await putBare(client, `latchkey/rotation/${prefix}/${name}`, text),
    close: async () => client.destroy(),
  }
}

for (const server of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server, kind: "contract" }, running => {
    testLedger("aws", () => harness(running), framework)
  })
}
