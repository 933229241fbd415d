import { describe, expect, it } from "vitest"
import { isNetworkCode, networkFailure } from "../../src/core/index.ts"

const HINTS = { host: "the host", address: "the address", certificate: "the authority", tls: "the scheme" }

const NOT_SENT = { code: "UNAVAILABLE", notSent: true }
const FOR_GOOD = { ...NOT_SENT, transient: false }

const CODES: readonly [code: string, known: object][] = [
  ["ENOTFOUND", { ...NOT_SENT, hint: "the host; see DNS, too", message: "there is no such host" }],
  ["EAI_AGAIN", { ...NOT_SENT, hint: "the host; see DNS, too" }],
  ["EAI_FAIL", { ...NOT_SENT, hint: "the host; see DNS, too" }],
  ["ECONNREFUSED", { ...NOT_SENT, hint: "the address" }],
  ["EHOSTUNREACH", { ...NOT_SENT, hint: "the address" }],
  ["ENETUNREACH", { ...NOT_SENT, hint: "the address" }],
  ["EADDRNOTAVAIL", { ...NOT_SENT, hint: "the address" }],
  ["CERT_HAS_EXPIRED", { ...FOR_GOOD, hint: "the authority" }],
  ["CERT_NOT_YET_VALID", { ...FOR_GOOD, hint: "the authority" }],
  ["CERT_UNTRUSTED", { ...FOR_GOOD, hint: "the authority" }],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", { ...FOR_GOOD, hint: "the authority" }],
  ["SELF_SIGNED_CERT_IN_CHAIN", { ...FOR_GOOD, hint: "the authority" }],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", { ...FOR_GOOD, hint: "the authority" }],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", { ...FOR_GOOD, hint: "the authority" }],
  ["ERR_TLS_CERT_ALTNAME_INVALID", { ...FOR_GOOD, hint: "the authority" }],
  ["HOSTNAME_MISMATCH", { ...FOR_GOOD, hint: "the authority" }],
  ["INVALID_CA", { ...FOR_GOOD, hint: "the authority" }],
  ["PATH_LENGTH_EXCEEDED", { ...FOR_GOOD, hint: "the authority" }],
  ["INVALID_PURPOSE", { ...FOR_GOOD, hint: "the authority" }],
  ["EPROTO", { ...FOR_GOOD, hint: "the scheme" }],
  ["ERR_SSL_WRONG_VERSION_NUMBER", { ...FOR_GOOD, hint: "the scheme" }],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", { ...FOR_GOOD, hint: "the scheme" }],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", { ...FOR_GOOD, hint: "the scheme" }],
  ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", { ...FOR_GOOD, hint: "the scheme" }],
]

const BROKEN_OFF = [
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
  "ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC",
]

describe("a network that fails", () => {
  it.each(CODES)("with %s is known, and that nothing was sent", (code, known) => {
    expect(networkFailure(code, HINTS)).toMatchObject(known)
    expect(isNetworkCode(code)).toBe(true)
  })

  it.each(BROKEN_OFF)("with %s broke off, perhaps after the request was heard", code => {
    const { notSent, transient, ...known } = networkFailure(code, HINTS) ?? {}
    expect([notSent, transient]).toEqual([undefined, undefined])
    expect(known).toEqual({ code: "UNAVAILABLE", message: "the connection broke off", hint: "the address" })
    expect(isNetworkCode(code)).toBe(true)
  })

  it("may pass by itself where it is not about certificates or TLS", () => {
    expect(networkFailure("ECONNREFUSED", HINTS)).not.toHaveProperty("transient")
  })

  it.each([
    "ETIMEDOUT",
    "ETIMEOUT",
    "UND_ERR_SOCKET",
    "ERR_NETWORK",
  ])("with %s could not be reached, and no more is known", code => {
    expect([networkFailure(code, HINTS), isNetworkCode(code)]).toEqual([undefined, true])
  })

  it.each([
    undefined,
    "",
    "toString",
    "EACCES",
    "ENOENT",
    "ERR_MODULE_NOT_FOUND",
    "ERR_OSSL_UNSUPPORTED",
    "invalid_client",
    "REQUEST_SEND_ERROR",
  ])("does not do it with %s", code => {
    expect([networkFailure(code, HINTS), isNetworkCode(code)]).toEqual([undefined, false])
  })
})
