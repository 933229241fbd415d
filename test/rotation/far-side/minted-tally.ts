import type {
  Consumers,
  ListedCredential,
  MintedPlan,
  OldCredential,
  StepDeadlines,
} from "../../../src/rotation/index.ts"

/** How the stand-in for Tally is reached, and by whom its tokens are used. */
export interface MintedTallyOptions {
  /** Where it answers: `standIn.url()`, or a proxy in front of it. */
  readonly url: string
  /** `standIn.adminKey` */
  readonly adminKey: string
  readonly consumers: Consumers
  readonly deadlines?: StepDeadlines
}

/**
 * Tokens that the stand-in for Tally mints with a label, by the API for tokens that Tally itself has not. The plan that one
 * would write for a service which has one.
 */
export function mintedTally({ url, adminKey, consumers, deadlines = {} }: MintedTallyOptions): MintedPlan {
  async function admin<Body>(
    signal: AbortSignal,
    request: { readonly method: string; readonly path?: string; readonly body?: object },
    ...known: readonly number[]
  ): Promise<{ readonly status: number; readonly body: Body | undefined }> {
    const { method, path = "", body } = request
    const response = await fetch(`${url}/admin/tokens${path}`, {
      method,
      signal,
      headers: { authorization: `Bearer ${adminKey}`, "user-agent": "latchkey (rotation)" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!known.includes(response.status)) throw new Error(`HTTP ${response.status}`)
    return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as Body) }
  }

  const idOf = async (token: string, signal: AbortSignal): Promise<string | undefined> => {
    const request = { method: "POST", path: "/lookup", body: { token } }
    const { status, body } = await admin<{ readonly id: string }>(signal, request, 200, 404)
    return status === 200 ? body?.id : undefined
  }
  const accepts = async (token: string, signal: AbortSignal): Promise<boolean> => {
    const { status } = await fetch(`${url}/users/me`, {
      signal,
      headers: { authorization: `Bearer ${token}`, "user-agent": "latchkey (rotation)" },
    })
    if (status !== 200 && status !== 401) throw new Error(`HTTP ${status}`)
    return status === 200
  }
  const listed = async (signal: AbortSignal): Promise<readonly ListedCredential[]> => {
    const { body } = await admin<{ readonly items: readonly ListedCredential[] }>(
      signal,
      { method: "GET" },
      200,
    )
    return body?.items ?? []
  }
  const isListed = async ({ id }: OldCredential, signal: AbortSignal): Promise<boolean> =>
    (await listed(signal)).some(credential => credential.id === id)

  return {
    kind: "minted",
    labels: true,
    overlap: true,
    consumers,
    deadlines,
    async mint({ label, signal }) {
      const request = { method: "POST", body: { label } }
      const { body } = await admin<{ readonly id: string; readonly token: string }>(signal, request, 201)
      if (body === undefined) throw new Error("no token in the answer")
      return { value: body.token, id: body.id }
    },
    listMinted: async ({ signal }) => await listed(signal),
    verify: async ({ value }, { signal }) => ((await accepts(String(value), signal)) ? "works" : "refused"),
    async verifyOld(old, { signal }) {
      const isAccepted =
        old.value === undefined ? await isListed(old, signal) : await accepts(String(old.value), signal)
      return isAccepted ? "works" : "refused"
    },
    async revoke({ id, value }, { signal }) {
      const known = id ?? (value === undefined ? undefined : await idOf(String(value), signal))
      // One of which the far side knows no id is not accepted any more.
      if (known !== undefined) await admin(signal, { method: "DELETE", path: `/${known}` }, 204, 404)
    },
    identify: async (value, { signal }) => await idOf(String(value), signal),
  }
}
