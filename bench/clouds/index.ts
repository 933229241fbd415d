import { aws } from "./aws.ts"
import { azure } from "./azure.ts"
import type { Cloud } from "./cloud.ts"
import { gcp } from "./gcp.ts"
import { vault } from "./vault.ts"

export { type Cloud, heldBy, LATENCY, NAMES, type Seen } from "./cloud.ts"

/** The services of the four clouds, by the names of our backends. */
export const CLOUDS: Readonly<Record<CloudName, () => Promise<Cloud>>> = { aws, azure, gcp, vault }

export type CloudName = "aws" | "azure" | "gcp" | "vault"

/** How the bare SDK is called in the table. */
export const BARE: Readonly<Record<CloudName, string>> = {
  aws: "@aws-sdk/client-secrets-manager",
  azure: "@azure/keyvault-secrets",
  gcp: "@google-cloud/secret-manager",
  vault: "node-vault",
}

/** Runs something with a service that is up, and closes that. */
export async function withCloud<T>(name: CloudName, run: (cloud: Cloud) => Promise<T>): Promise<T> {
  const cloud = await CLOUDS[name]()
  try {
    return await run(cloud)
  } finally {
    await cloud.close()
  }
}
