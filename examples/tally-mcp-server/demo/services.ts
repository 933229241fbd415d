import { openStore } from "latchkey"
import { azure } from "latchkey/azure"
import { letGo, running } from "../../../test/servers/index.ts"
import { newToken } from "./place.ts"
import type { Service } from "./store-home.ts"

/** Told what goes on while a server is started, or even installed. */
export type Report = (doing: string) => void

/** The services in which the demo can keep its token. */
export const SERVICES: Readonly<Record<string, (report: Report) => Promise<Service>>> = {
  async vault(report) {
    const server = await running("vault", report)
    return byUrl(
      `HashiCorp Vault ${server.version}`,
      `vault://${new URL(server.url).host}/secret?prefix=${prefix()}`,
      {
        VAULT_ADDR: server.url,
        VAULT_TOKEN: server.rootToken,
      },
    )
  },

  async aws(report) {
    const server = await running("localstack", report)
    return byUrl(
      `AWS Secrets Manager, as LocalStack ${server.version} has it`,
      `aws://${server.region}/${prefix()}`,
      {
        AWS_ENDPOINT_URL: server.url,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      },
    )
  },

  async azure(report) {
    const server = await running("azure", report)
    const { ca, caFile, token } = server
    const below = prefix()
    const { host } = new URL(server.url)
    return {
      title: "Azure Key Vault, as the project's stand-in has it",
      url: `azure://${host}?ca=${encodeURIComponent(caFile)}&disable-challenge-resource-verification=true&prefix=${below}`,
      environment: server.identity,
      // Azure's own identity library would look into the environment of this process.
      owner: async () =>
        azure({
          vault: host,
          prefix: below,
          ca,
          disableChallengeResourceVerification: true,
          credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
        }),
      close: async () => await letGo(),
    }
  },

  async gcp(report) {
    const server = await running("gcp", report)
    return byUrl(
      "Google Secret Manager, as the project's stand-in has it",
      `gcp://${server.project}?endpoint=${server.address}&insecure=true&prefix=${prefix()}`,
      {},
    )
  },
}

function byUrl(title: string, url: string, environment: Readonly<Record<string, string>>): Service {
  return {
    title,
    url,
    environment,
    owner: async () => await openStore(url, { env: environment }),
    close: async () => await letGo(),
  }
}

/** A name that no earlier run has used: where deletions can be undone, the old ones stay taken. */
function prefix(): string {
  return `demo-${newToken()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(-8)}`
}
