import {
  type CallOptions,
  isNetworkCode,
  networkFailure,
  rebuild,
  SecretError,
  untilAborted,
} from "../../../core/index.ts"
import type { Verdict } from "../../plan.ts"
import { signedHeaders } from "./signature.ts"
import type { AccessKey } from "./stored-key.ts"

/** Where a key is tried. */
export interface StsPlace {
  readonly region: string
  /** Default: the region's own address. */
  readonly endpoint: string | undefined
  /** Default: that of the platform. */
  readonly fetch: typeof globalThis.fetch | undefined
}

const BODY = "Action=GetCallerIdentity&Version=2011-06-15"

/** What STS says of a key that it does not accept: one that is unknown, deleted or inactive, or whose secret is another. */
const REFUSED = new Set(["InvalidClientTokenId", "SignatureDoesNotMatch"])

const HINTS = {
  host: "see sts.region and sts.endpoint of the plan, which make the name of the host",
  address: "see whether sts.endpoint of the plan is right",
  certificate: "name its authority in NODE_EXTRA_CA_CERTS when the process starts",
  tls: "see sts.endpoint of the plan: is it http?",
}

/**
 * Whether AWS accepts an access key, asked of STS by `GetCallerIdentity`, which needs no permission and cannot be denied
 * ("GetCallerIdentity" in the AWS Security Token Service API Reference). Signed here, so that no package is needed for it,
 * and nothing that the SDK keeps of another key comes in between.
 *
 * @throws SecretError if it could not be asked, or the clock of this machine makes every signature a wrong one.
 */
export async function acceptedByAws(
  key: AccessKey,
  { region, endpoint, fetch = globalThis.fetch }: StsPlace,
  { signal }: CallOptions,
): Promise<Verdict> {
  const url = new URL(endpoint ?? `https://sts.${region}.${domainOf(region)}/`)
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }
  const request = { method: "POST", url, headers, body: BODY } as const
  const { status, text } = await untilAborted(signal, async own => {
    try {
      const signed = signedHeaders(request, { region, service: "sts", at: new Date() }, key)
      const answer = await fetch(url, {
        method: "POST",
        headers: signed,
        body: BODY,
        redirect: "error",
        signal: own,
      })
      return { status: answer.status, text: await answer.text() }
    } catch (thrown) {
      throw failed(thrown)
    }
  })
  if (status === 200 && text.includes("<GetCallerIdentityResult>")) return "works"
  const code = /<Code>(\w{1,64})<\/Code>/.exec(text)?.[1]
  if (code !== undefined && REFUSED.has(code)) {
    // Told by the text only: the code is that of a wrong secret, too.
    if (/<Message>Signature (?:expired|not yet current)/.test(text)) throw wrongClock()
    return "refused"
  }
  throw new SecretError(status === 429 || code === "Throttling" ? "THROTTLED" : "UNAVAILABLE", {
    store: "aws sts",
    message: code === undefined ? `what answered, with status ${status}, is not STS` : `STS answers ${code}`,
    hint: "see sts.region and sts.endpoint of the plan, and whether a proxy stands before it",
  })
}

/** "AWS service endpoints" in the AWS General Reference. */
function domainOf(region: string): string {
  return region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
}

/** Of what fetch throws only the code is kept. */
function failed(thrown: unknown): SecretError {
  const context = { store: "aws sts" }
  const code = codeOf((thrown as { cause?: unknown } | null)?.cause) ?? codeOf(thrown)
  const known = networkFailure(code, HINTS)
  if (known !== undefined) return rebuild(thrown, context, known)
  if (isNetworkCode(code)) return rebuild(thrown, context, { code: "UNAVAILABLE" })
  return rebuild(thrown, context, { code: "UNAVAILABLE", message: "STS could not be asked" })
}

function codeOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code
  return typeof code === "string" ? code : undefined
}

function wrongClock(): SecretError {
  return new SecretError("UNAVAILABLE", {
    store: "aws sts",
    message: "the clock of this machine is wrong: AWS accepts no signature of it",
    hint: "set it right; a signature is good for five minutes",
  })
}
