import { isSecretError, retryAfterOf, type SecretError } from "../../src/core/index.ts"
import type { KeyVaultAnswer } from "./client-types.ts"
import { fieldsOf, numberOf, wordOf } from "./foreign.ts"
import { LoginFailure } from "./login-failure.ts"

/** What happened to a call where there is no answer, or none that could be used. */
export type Mishap =
  /** An answer with a good status that is no answer of Key Vault, or that ended in the middle. */
  | "unreadable"
  /** What answers asks for a token that the vault would not ask for. */
  | "foreign challenge"
  /** The answer leads to another host. */
  | "leads elsewhere"

/** What is known of a call that failed. */
export interface FailureFields {
  /** The status of the answer, if there was one. */
  readonly status?: number | undefined
  /** The code in the answer, if that is one of Key Vault, or the code of Node's where there was no answer. */
  readonly code?: string | undefined
  /** The inner code in the answer, which tells a secret that is disabled from one that may not be read. */
  readonly inner?: string | undefined
  /** The number with which the text of an answer begins: `"10032"` for AKV10032. */
  readonly number?: string | undefined
  readonly mishap?: Mishap | undefined
  /** Whether the call only looked at something, before what it was for was asked. */
  readonly before?: boolean | undefined
  readonly requestId?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** A call that failed. Holds what the table of errors needs, and nothing that the service wrote. */
export class KeyVaultFailure extends Error {
  override readonly name = "KeyVaultFailure"
  readonly fields: FailureFields

  constructor(fields: FailureFields) {
    super("a call of Key Vault failed")
    this.fields = fields
  }
}

/** Makes a call that comes before a change, so that it is known of a failure that nothing was changed. */
export async function beforehand<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (thrown) {
    throw thrown instanceof KeyVaultFailure ? new KeyVaultFailure({ ...thrown.fields, before: true }) : thrown
  }
}

/**
 * What the SDK threw, as far as it may be known. Its errors hold the request with the token and the answer with its body.
 *
 * @param answer the answer to this call, if there was one: what the SDK throws does not always tell of it.
 */
export function failureOf(
  thrown: unknown,
  answer: KeyVaultAnswer | undefined,
): KeyVaultFailure | LoginFailure | SecretError {
  if (thrown instanceof KeyVaultFailure || thrown instanceof LoginFailure || isSecretError(thrown))
    return thrown
  const error = fieldsOf(thrown)
  const status = answer?.status ?? numberOf(error.statusCode)
  const said = status === undefined ? {} : saidBy(error, answer)
  const headers =
    answer?.headers ?? (fieldsOf(error.response).headers as KeyVaultAnswer["headers"] | undefined)
  return new KeyVaultFailure({
    status,
    code: status === undefined ? wordOf(error.code) : said.code,
    inner: said.inner,
    number: said.number,
    mishap: mishapOf(error, status),
    requestId: idOf(headers?.get("x-ms-request-id")),
    retryAfterMs: retryAfterOf(headers?.get("retry-after")),
  })
}

function mishapOf(error: Readonly<Record<string, unknown>>, status: number | undefined): Mishap | undefined {
  if (status !== undefined) return status < 300 ? "unreadable" : undefined
  if (error.code === "PARSE_ERROR") return "unreadable"
  // The SDK throws a plain error here, which is known by nothing else.
  return /^The challenge /.test(String(error.message)) ? "foreign challenge" : undefined
}

/**
 * What the body of an answer says, in the form in which Key Vault writes errors, and nothing else: the SDK gives codes of
 * its own to what it could not read, and a page of a proxy must not be taken for a word of the vault.
 */
function saidBy(
  error: Readonly<Record<string, unknown>>,
  answer: KeyVaultAnswer | undefined,
): Pick<FailureFields, "code" | "inner" | "number"> {
  const body = fieldsOf(fieldsOf(answer === undefined ? error.details : answer.parsedBody).error)
  // A client that was injected may say no more than this of an answer.
  const code = answer === undefined ? (body.code ?? error.code) : body.code
  // The first is how the service spells it, the second how the SDK does.
  const inner = fieldsOf(body.innererror ?? body.innerError)
  return {
    code: wordOf(code),
    inner: wordOf(inner.code),
    number: /^AKV(\d{5})\b/.exec(String(body.message))?.[1],
  }
}

/** The id of a request is printed, so what does not look like one is none. */
function idOf(header: unknown): string | undefined {
  return typeof header === "string" && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(header)
    ? header
    : undefined
}
