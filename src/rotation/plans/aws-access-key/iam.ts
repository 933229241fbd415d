import {
  type CallOptions,
  misconfigured,
  notInstalled,
  SecretError,
  untilAborted,
} from "../../../core/index.ts"
import { hasNone, iamFailure } from "./iam-failure.ts"
import { isKeyId } from "./stored-key.ts"

/**
 * What is used of a client of the package `@aws-sdk/client-iam`: an instance of `IAMClient`, or of `IAM`. Make it with
 * `maxAttempts: 1`: a `CreateAccessKey` that the SDK repeats makes a second key.
 */
export interface IamClient {
  send(command: object, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
  readonly config?: unknown
}

/** The actions that are used ("IAM API Reference"). */
export type IamAction = "CreateAccessKey" | "ListAccessKeys" | "UpdateAccessKey" | "DeleteAccessKey"

/** A key as IAM lists it. */
export interface ListedKey {
  readonly id: string
  readonly isActive: boolean
  readonly createdAt: Date | undefined
}

type Commands = Readonly<Record<string, new (input: object) => object>>
type Fields = Readonly<Record<string, unknown>>

/** The access keys of one user. Everything is thrown as `SecretError`, and ends when the signal aborts. */
export class UserKeys {
  readonly #client: IamClient
  readonly #user: string

  constructor(client: IamClient, user: string) {
    this.#client = client
    this.#user = user
  }

  /** @throws SecretError with `outcome: "unknown"` where a key may have been made of which nobody knows. */
  async create(
    options: CallOptions,
  ): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
    await this.refuseRepeats(options)
    const { AccessKey } = await this.#call("CreateAccessKey", {}, options)
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = (AccessKey ?? {}) as Fields
    if (isKeyId(accessKeyId) && typeof secretAccessKey === "string" && secretAccessKey !== "")
      return { accessKeyId, secretAccessKey }
    throw noAnswer("unknown")
  }

  /** All keys of the user, of which IAM allows two. */
  async list(options: CallOptions): Promise<readonly ListedKey[]> {
    const keys: ListedKey[] = []
    let page: string | undefined
    do {
      const input = page === undefined ? {} : { Marker: page }
      const { AccessKeyMetadata, IsTruncated, Marker } = await this.#call("ListAccessKeys", input, options)
      if (!Array.isArray(AccessKeyMetadata)) throw noAnswer()
      for (const { AccessKeyId: id, Status, CreateDate } of AccessKeyMetadata as Fields[]) {
        if (!isKeyId(id)) throw noAnswer()
        keys.push({
          id,
          isActive: Status === "Active",
          createdAt: CreateDate instanceof Date ? CreateDate : undefined,
        })
      }
      page = IsTruncated === true && typeof Marker === "string" ? Marker : undefined
    } while (page !== undefined)
    return keys
  }

  /** Switches a key off and then removes it. One that is gone is no failure. */
  async end(id: string, options: CallOptions): Promise<void> {
    await this.refuseOwn(id, options)
    // Off first: that can be taken back by hand, and what still uses the key shows.
    await this.#unlessGone("UpdateAccessKey", { AccessKeyId: id, Status: "Inactive" }, options)
    await this.#unlessGone("DeleteAccessKey", { AccessKeyId: id }, options)
  }

  /** @throws SecretError `MISCONFIGURED` for a client that signs with this very key: off, it could not remove itself. */
  async refuseOwn(id: string, options: CallOptions): Promise<void> {
    const { credentials } = (this.#client.config ?? {}) as Fields
    if (typeof credentials !== "function") return
    const own = await untilAborted(options.signal, async () => {
      try {
        return (await credentials()) as Fields | undefined
      } catch {
        // Who cannot log in is told so by the call that follows.
        return undefined
      }
    })
    if (own?.accessKeyId !== id) return
    throw misconfigured(
      "the IAM client of the plan signs with the key that is rotated",
      "give it credentials of its own: a role, or keys of another user",
    )
  }

  /** @throws SecretError `MISCONFIGURED` for a client that repeats calls by itself. */
  async refuseRepeats({ signal }: CallOptions): Promise<void> {
    const { maxAttempts } = (this.#client.config ?? {}) as Fields
    if (typeof maxAttempts !== "function") return
    const attempts = await untilAborted(signal, async () => (await maxAttempts()) as unknown)
    if (attempts === 1) return
    throw misconfigured(
      "the IAM client of the plan repeats calls, and a repeated CreateAccessKey makes a second key",
      "make it with maxAttempts: 1",
    )
  }

  async #unlessGone(action: IamAction, input: object, options: CallOptions): Promise<void> {
    try {
      await this.#call(action, input, options)
    } catch (thrown) {
      if (!hasNone(thrown)) throw thrown
    }
  }

  async #call(action: IamAction, input: object, { signal }: CallOptions): Promise<Fields> {
    const sdk = (await import("@aws-sdk/client-iam").catch(
      notInstalled("@aws-sdk/client-iam", "awsAccessKey()"),
    )) as unknown as Commands
    const Command = sdk[`${action}Command`] as Commands[string]
    const command = new Command({ UserName: this.#user, ...input })
    return await untilAborted(signal, async abortSignal => {
      try {
        return ((await this.#client.send(command, { abortSignal })) ?? {}) as Fields
      } catch (thrown) {
        throw iamFailure(thrown, action, this.#user)
      }
    })
  }
}

function noAnswer(outcome?: "unknown"): SecretError {
  return new SecretError("UNAVAILABLE", {
    store: "aws iam",
    message: "what answered is not IAM, or its answer was cut off",
    hint: "see the endpoint of the IAM client, and whether a proxy stands before it",
    outcome,
  })
}
