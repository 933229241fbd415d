import { randomBytes, randomInt } from "node:crypto"
import { Agent } from "node:https"
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager"
import { aws } from "../../../providers/aws/index.ts"
import type { SecretErrorCode } from "../../../src/core/index.ts"
import type { AwsServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { makeCertificate } from "../../support/certificates.ts"
import { laterBy } from "../../support/clock.ts"
import type { ProxiedRequest } from "../http-faults.ts"
import { startHttpProxy } from "../http-proxy.ts"
import type { Calamity, Column, Evidence, Held, LiveCell, Needs } from "../matrix/cell.ts"
import { type HttpBench, overHttp, struckBy } from "../matrix/over-http.ts"
import { recordedAnswer } from "../recorded.ts"

/** A store of AWS Secrets Manager in front of LocalStack. */
export interface AwsBench extends HttpBench {
  /** Behind the store's back. */
  readonly client: SecretsManagerClient
  readonly ownName: string
  /** Who gives out session tokens. */
  readonly issuer: Issuer
}

/** Gives out credentials as a role does, which are good until they are ended. */
class Issuer {
  /** Everything that it ever gave out and that nobody may see. */
  readonly secrets: string[] = []
  /** The session token that is good. */
  good: string | undefined
  #does: "gives" | "refuses" | "is silent" = "gives"
  readonly #accessKeyId: string

  constructor(accessKeyId: string) {
    this.#accessKeyId = accessKeyId
  }

  /** Ends what it gave out. @param does what it does from then on. */
  end(does: "gives" | "refuses" | "is silent"): void {
    this.good = undefined
    this.#does = does
  }

  /** Gives out credentials again. */
  relent(): void {
    this.#does = "gives"
  }

  readonly provide = async () => {
    if (this.#does === "is silent") await new Promise(() => undefined)
    if (this.#does === "refuses") {
      throw Object.assign(new Error(`expired: ${this.secrets.join()}`), { name: "CredentialsProviderError" })
    }
    const [secretAccessKey, sessionToken] = [newCanary().text, newCanary().text]
    this.secrets.push(secretAccessKey, sessionToken)
    this.good = sessionToken
    return { accessKeyId: this.#accessKeyId, secretAccessKey, sessionToken }
  }
}

const NAME = "tally/api-token"

/** Makes a place on the server, the proxy in front of it, and a store. @param needs what a cell needs. */
export async function awsBench(server: AwsServer, { link: makeLink, tls }: Needs): Promise<AwsBench> {
  const { url, region, secretAccessKey } = server
  // LocalStack takes twelve digits for an account. In one of its own a bench does not meet what others do at the same
  // time, at which LocalStack now and then answers with 500.
  const accessKeyId = String(randomInt(10 ** 11, 10 ** 12))
  const certificate = tls === true ? await makeCertificate() : undefined
  const client = new SecretsManagerClient({
    endpoint: url,
    region,
    credentials: { accessKeyId, secretAccessKey },
  })
  const proxy = await startHttpProxy({ upstream: url, certificate })
  const link = await makeLink?.(proxy.port)
  const issuer = new Issuer(accessKeyId)
  const prefix = `faults/bench-a${randomBytes(6).toString("hex")}`
  const ownName = `${prefix}/${NAME}`
  const endpoint = link?.url ?? proxy.url
  // Which authorities a client of the SDK trusts can only be said to one that is handed over.
  const trusting =
    certificate && trustingClient({ endpoint, region, credentials: issuer.provide }, certificate.cert)
  return {
    client,
    ownName,
    issuer,
    proxy,
    link,
    store: aws({
      ...(trusting === undefined ? { region, endpoint, credentials: issuer.provide } : { client: trusting }),
      prefix,
    }),
    name: NAME,
    credentials: issuer.secrets,
    answer: JSON.stringify({ Name: ownName, SecretString: "of another host", VersionId: "v".repeat(32) }),
    isWrite: ({ operation }) => operation === "PutSecretValue" || operation === "CreateSecret",
    put: async value => await putSecret(client, ownName, value),
    async close() {
      trusting?.destroy()
      client.destroy()
      await link?.close()
      await proxy.close()
    },
  }
}

interface ClientSettings {
  readonly endpoint: string
  readonly region: string
  readonly credentials: Issuer["provide"]
}

function trustingClient(settings: ClientSettings, ca: string): SecretsManagerClient {
  const httpsAgent = new Agent({ keepAlive: true, ca })
  return new SecretsManagerClient({ ...settings, maxAttempts: 1, requestHandler: { httpsAgent } })
}

/** Gives a secret a value, whether it is there or not. */
async function putSecret(client: SecretsManagerClient, name: string, value: string): Promise<void> {
  try {
    await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }))
  } catch (thrown) {
    if ((thrown as Error).name !== "ResourceNotFoundException") throw thrown
    await client.send(new CreateSecretCommand({ Name: name, SecretString: value }))
  }
}

const localstack: Evidence = { is: "real server", server: "LocalStack" }

/** A cell in which every request is answered as the service was recorded to do. */
function recorded(code: SecretErrorCode, held: Held, id: string): LiveCell<AwsBench> {
  return {
    code,
    held,
    evidence: { is: "recorded answer", id },
    begin: bench => struckBy(bench, { is: "answer", ...recordedAnswer("aws", id, bench.credentials.join()) }),
  }
}

/** Answers every request that bears a session token which is no longer good. */
function refuseOldSessions(bench: AwsBench): Calamity {
  const { proxy, issuer, credentials } = bench
  const isOld = ({ headers }: ProxiedRequest): boolean => headers["x-amz-security-token"] !== issuer.good
  const body = JSON.stringify({ __type: "ExpiredTokenException", message: `expired: ${credentials.join()}` })
  const fault = proxy.faults.add({ is: "answer", status: 400, body }, { which: isOld })
  return { end: () => fault.end(), struck: () => fault.struck }
}

/** The same, while no others are given out. */
function withoutLogin(bench: AwsBench, does: "refuses" | "is silent"): Calamity {
  bench.issuer.end(does)
  const refusing = refuseOldSessions(bench)
  return {
    ...refusing,
    end() {
      bench.issuer.relent()
      refusing.end()
    },
  }
}

const shared = overHttp<AwsBench>(localstack)

/** What AWS Secrets Manager, as LocalStack has it and as it was recorded, does to a program on bad days. */
export const awsColumn: Column<AwsBench> = {
  ...shared,
  otherAuthority: { ...shared.otherAuthority, needs: "tls" },
  throttled: recorded("THROTTLED", "stale", "aws-throttled"),
  expiredAndBack: {
    code: "none",
    held: "current",
    evidence: { is: "injected" },
    begin(bench) {
      bench.issuer.end("gives")
      return refuseOldSessions(bench)
    },
  },
  expired: {
    code: "UNAUTHENTICATED",
    held: "stale",
    evidence: { is: "injected" },
    begin: bench => withoutLogin(bench, "refuses"),
  },
  silentLogin: {
    code: "TIMEOUT",
    held: "stale",
    evidence: { is: "injected" },
    begin(bench) {
      const silent = withoutLogin(bench, "is silent")
      return {
        ...silent,
        end() {
          silent.end()
          // From then on nobody waits for the login that hangs.
          laterBy(10_000)
        },
      }
    },
  },
  denied: recorded("DENIED", "ends", "aws-denied-identity-policy"),
  deleted: {
    code: "NOT_FOUND",
    held: "ends",
    evidence: localstack,
    async begin({ client, ownName }) {
      await client.send(new DeleteSecretCommand({ SecretId: ownName, RecoveryWindowInDays: 7 }))
      return { end: async () => await client.send(new RestoreSecretCommand({ SecretId: ownName })) }
    },
  },
  disabled: {
    notThere: "a secret cannot be switched off; deleting it with a recovery window is what comes nearest",
  },
  badVersion: {
    notThere: "a version cannot be switched off; moving `AWSCURRENT` back makes the old one the current one",
  },
  keyService: recorded("DENIED", "ends", "aws-denied-kms"),
}
