import { rm } from "node:fs/promises"
import { Agent } from "node:https"
import { join } from "node:path"
import { type AzureCredential, azure } from "../../../../providers/azure/index.ts"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import type { RotationLedger } from "../../../../src/core/index.ts"
import { journalIn } from "../../../../src/rotation/index.ts"
import { startAzure } from "../../../servers/azure/index.ts"
import { makeCertificate } from "../../../support/certificates.ts"
import { journalsCallByCall } from "../../crash/benches/call-by-call.ts"
import { newFolder } from "../../crash/benches/folder.ts"
import { layWire } from "../../crash/wire.ts"
import type { AzureAddress } from "./address.ts"
import type { Arena } from "./arena.ts"
import type { Opened, Opening } from "./open.ts"

const NAME = "tally/api-token"
const NATIVE = "tally--api-token"

/** As long as the token of an {@link AzureAddress} is good, in milliseconds. */
const LIFETIME = 86_400_000

/** A replica's own way to the vault, and to the journals. */
export async function openAzure(address: AzureAddress, { life, now }: Opening): Promise<Opened> {
  const { url, ca, token, certificate } = address
  const credential: AzureCredential = {
    getToken: async () => ({ token, expiresOnTimestamp: Date.now() + LIFETIME }),
  }
  const at = (vaultUrl: string, authority: string) =>
    azure({ vaultUrl, ca: authority, credential, disableChallengeResourceVerification: true })
  const agent = new Agent({ keepAlive: true, ca })
  const wire = await layWire({ life, upstream: url, agent, certificate, now })
  const store = at(wire.url, certificate.cert)
  // Where a secret is follows from the vault's address, and each wire has one of its own.
  const direct = at(url, ca)
  const rotation = (): RotationLedger => {
    const { placeOf } = direct.rotation()
    return { ...store.rotation(), ...(placeOf === undefined ? {} : { placeOf }) }
  }
  const beside = dotenv({ path: address.journals, optional: true })
  return {
    store: { ...store, rotation },
    journals: journalsCallByCall(journalIn(beside, { of: direct }), life),
    async close() {
      await wire.close()
      await Promise.all([store.close(), direct.close(), beside.close()])
      agent.destroy()
    },
  }
}

/** A secret in a stand-in for Azure Key Vault that is started for it. */
export async function azureArena(): Promise<Arena> {
  // A deletion is through at once, as it is for whoever comes some minutes later.
  const server = await startAzure({ deleteSettles: { polls: 0 } })
  const folder = await newFolder()
  const address: AzureAddress = {
    kind: "azure",
    url: server.url,
    ca: server.ca,
    token: server.token("owner", { lifetime: LIFETIME }),
    journals: join(folder, ".env"),
    certificate: await makeCertificate(),
  }
  return {
    address,
    name: NAME,
    put: async value => void server.put(NATIVE, value),
    history: async () => server.versions(NATIVE).map(({ value }) => value),
    remnants: async () =>
      server
        .names()
        .filter(one => one !== NATIVE)
        .map(one => ({
          what: server.isDeleted(one) ? "a deleted candidate" : "a candidate",
          value: server.value(one),
        })),
    async close() {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}
