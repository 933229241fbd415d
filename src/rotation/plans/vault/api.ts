import { className, isSecretError, misconfigured, SecretError } from "../../../core/index.ts"

/** One request of Vault's HTTP API. Its body and its token are secret. */
export interface VaultApiRequest {
  readonly method: "GET" | "POST"
  /** Behind `/v1/`, every segment encoded by itself: `auth/approle/role/web/role-id`. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>> | undefined
  /**
   * Whose token goes along: `"own"` for that of whoever rotates, `"none"` for a login, or the token that a login gave, which
   * is then in `text`.
   */
  readonly token: "own" | "none" | { readonly text: string }
  readonly signal: AbortSignal
}

/** What the server answered, whatever it is. */
export interface VaultApiAnswer {
  readonly status: number
  /** The JSON of the answer; `undefined` where there is none. */
  readonly body: unknown
  /** The header `Retry-After`, if there is one. */
  readonly retryAfter?: string | undefined
}

/**
 * The way to a Vault or OpenBao. Answers of every status are given back; thrown is only what was not answered, of which
 * nothing but a `code` such as `"ECONNREFUSED"` is looked at. Follows no redirect, which would take the token along, and
 * repeats nothing.
 */
export interface VaultApi {
  request(request: VaultApiRequest): Promise<VaultApiAnswer>
}

/** A token, or what gives one for each request: it may have been replaced since. */
export type VaultTokenSource = string | (() => string | Promise<string>)

/** The little of `fetch` that is used. */
export type VaultFetch = (
  url: string,
  init: {
    readonly method: string
    readonly headers: Record<string, string>
    readonly body?: string
    readonly redirect: "manual"
    readonly signal: AbortSignal
  },
) => Promise<{
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}>

/** Where a server is, and who asks. */
export interface VaultApiOptions {
  /** `"https://vault.example.com:8200"`. */
  readonly address: string
  /** The token of whoever rotates. */
  readonly token: VaultTokenSource
  /** Where the login is. Default: the root. */
  readonly namespace?: string | undefined
  /**
   * In place of the platform's `fetch`: one that trusts an authority of your own, or goes through a proxy (`undici` with a
   * `dispatcher`). Default: `fetch`.
   */
  readonly fetch?: VaultFetch | undefined
}

/** The names of {@link VaultApiOptions}, for `refuseUnknownOptions`. */
export const VAULT_API_OPTIONS: readonly (keyof VaultApiOptions)[] = [
  "address",
  "token",
  "namespace",
  "fetch",
]

/**
 * The API by `fetch`.
 *
 * @param of what is given the options, for messages.
 * @throws SecretError `MISCONFIGURED` for an address that is none, or no source of a token; without quoting either
 */
export function vaultApi(of: string, options: VaultApiOptions): VaultApi {
  const { token, namespace } = options
  const send: VaultFetch = options.fetch ?? ((url, init) => fetch(url, init))
  const base = baseOf(of, options.address)
  if (typeof token !== "string" && typeof token !== "function")
    throw misconfigured(
      `token of ${of} is neither a text nor a function`,
      "give a function that reads the token where it is kept",
    )
  if (typeof send !== "function") throw misconfigured(`fetch of ${of} is no function`, "see VaultFetch")
  if (namespace !== undefined && (typeof namespace !== "string" || !/^[\x21-\x7e]*$/.test(namespace)))
    throw misconfigured(`namespace of ${of} is no path`, 'write it as in "team-a/project"')

  const own = async (): Promise<unknown> => {
    if (typeof token === "string") return token
    try {
      return await token()
    } catch (thrown) {
      if (isSecretError(thrown)) throw thrown
      throw new SecretError("UNAUTHENTICATED", {
        message: `what gives the token of ${of} failed (${className(thrown)})`,
        hint: "see where the token is read from",
      })
    }
  }
  const tokenOf = async (whose: VaultApiRequest["token"]): Promise<string | undefined> => {
    if (whose === "none") return undefined
    const given = whose === "own" ? await own() : whose.text
    const text = typeof given === "string" ? given.trim() : ""
    // What a header cannot hold would be quoted by the platform's own error.
    if (/^[\x21-\x7e]+$/.test(text)) return text
    throw misconfigured(
      `token of ${of} gave nothing that can be a token`,
      "see where it is read from: a token is one word",
    )
  }

  return {
    async request({ method, path, body, token: whose, signal }) {
      const text = await tokenOf(whose)
      const answer = await send(`${base}/v1/${path}`, {
        method,
        headers: {
          // A server may refuse what lacks it, and a browser that was led astray cannot send it.
          "x-vault-request": "true",
          accept: "application/json",
          ...(text !== undefined && { "x-vault-token": text }),
          ...(namespace && { "x-vault-namespace": namespace }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: "manual",
        signal,
      })
      const retryAfter = answer.headers.get("retry-after") ?? undefined
      return { status: answer.status, body: parsed(await answer.text()), retryAfter }
    },
  }
}

function baseOf(of: string, address: unknown): string {
  const url = typeof address === "string" ? URL.parse(address) : null
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === ""
  if (!isPlain || url.username !== "" || url.password !== "")
    throw misconfigured(
      `address of ${of} is no address of a server, or holds more than that`,
      'write it as in "https://vault.example.com:8200"',
    )
  return url.href.replace(/\/$/, "")
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the answer; that it is no JSON is all that is kept.
    return undefined
  }
}
