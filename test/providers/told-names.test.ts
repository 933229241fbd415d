import { openStore } from "latchkey"
import { azure } from "latchkey/azure"
import { gcp } from "latchkey/gcp"
import { describe, expect, onTestFinished, test } from "vitest"
import type { SecretStore } from "../../src/core/index.ts"
import { reaching, started } from "./azure/scene.ts"
import { calm, errorOf } from "./calls.ts"
import { at, standIn } from "./gcp/support.ts"

/** Stores that write names in their own way, and the command that makes a secret there. */
const STORES: Readonly<Record<string, readonly [open: () => Promise<SecretStore>, command: string]>> = {
  azure: [async () => azure(reaching(await started())), "az keyvault secret set --name tally--api-token"],
  gcp: [async () => gcp(at(await standIn())), "gcloud secrets create tally--api-token"],
}

test.for(
  Object.keys(STORES),
)("a secret that is missing is told by the name that it has in %s", async kind => {
  const [open, command] = STORES[kind] ?? expect.unreachable()
  const store = await open()
  onTestFinished(async () => await store.close())
  const name = "tally/api-token"
  for (const call of [
    () => store.read(name, calm),
    async () => await store.delete?.(name, calm),
    async () => await store.versions?.(name, calm)[Symbol.asyncIterator]().next(),
  ]) {
    const error = await errorOf(call)
    expect([error.code, error.secret]).toEqual(["NOT_FOUND", name])
    expect(error.plainMessage).toContain(" tally--api-token")
    expect(error.hint).toContain(command)
  }
})

describe("what is wrong in a URL is told as it is written there", () => {
  test.for([
    ["aws://eu-west-1?recovery-window=3d", /recovery-window .* is no whole number of days/],
    ["aws://eu-west-1?recovery-window=soon", /recovery-window .* is not a duration/],
    ["aws://eu-west-1?kms-key=a%20b", /kms-key .* is the name of no key/],
    ["gcp://my-project?location=Europe", /write a region: location=europe-west1 in the URL/],
    ["gcp://my-project?version=7", /write latest, or an alias of a version: version=current in the URL/],
    ["gcp://my-project?endpoint=https://x", /write host and port: endpoint=127\.0\.0\.1:8085 in the URL/],
    ["gcp://my-project?replication=Europe", /write replication=europe-west1,europe-west4 in the URL/],
    ["gcp://my-project?kmsKey=mine", /write kmsKey=projects\/my-project\/locations\/.* in the URL/],
    ["gcp://my_project", /gcp:\/\/my-project/],
    ["azure://x", /azure:\/\/my-vault/],
  ] as const)("%s", async ([url, said]) => {
    const error = await errorOf(openStore(url, { env: {} }))
    expect([error.code, error.message]).toEqual(["MISCONFIGURED", expect.stringMatching(said)])
  })
})
