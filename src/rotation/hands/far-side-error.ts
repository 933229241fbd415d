import { className, errorAbout, isSecretError, SecretError } from "../../core/index.ts"

/**
 * What a function of a plan threw, as an error that is safe to show: a `SecretError` as it is, of anything else the
 * class and a short code alone. SDKs and HTTP clients quote tokens, headers and bodies in all the rest.
 *
 * @param call which function: `"verify"`.
 */
export function farSideError(thrown: unknown, call: string, secret: string): SecretError {
  if (isSecretError(thrown)) return errorAbout(thrown, secret)
  const code = codeOf(thrown)
  return new SecretError("UNAVAILABLE", {
    secret,
    message: `${call} of the plan failed (${className(thrown)}${code === undefined ? "" : `, ${code}`})`,
    hint: "what it threw is not shown, because such errors quote credentials: let the plan throw a SecretError that says more",
  })
}

/** `ECONNREFUSED`, `28P01`, `ERR_TLS_CERT_ALTNAME_INVALID`, `429`: short and in capitals, as no credential is. */
const SHORT_CODE = /^(?:[A-Z][A-Z_]{1,31}|[0-9A-Z]{5})$/

function codeOf(thrown: unknown): string | undefined {
  try {
    const { code, status } = thrown as { readonly code?: unknown; readonly status?: unknown }
    if (typeof code === "string" && SHORT_CODE.test(code)) return code
    return Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 599
      ? String(status)
      : undefined
  } catch {
    // Nothing can be read of it: `undefined`, or a getter that throws.
    return undefined
  }
}
