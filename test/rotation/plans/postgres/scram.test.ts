import { createHash, createHmac } from "node:crypto"
import { describe, expect, it } from "vitest"
import { scramVerifier } from "../../../../src/rotation/plans/postgres/scram.ts"
import { newCanary } from "../../../support/canary.ts"

/** The conversation of RFC 7677, section 3: the user "user" with the password "pencil". */
const SALT = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")
const AUTH_MESSAGE =
  "n=user,r=rOprNGfwEbeRWgbNEkqO," +
  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096," +
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
const CLIENT_PROOF = Buffer.from("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "base64")
const SERVER_SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

const FORM = /^SCRAM-SHA-256\$4096:([A-Za-z0-9+/]{22}==)\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/

describe("what PostgreSQL keeps of a password", () => {
  it("accepts the client and signs as the server of RFC 7677 does", async () => {
    const [, salt, storedKey = "", serverKey = ""] = FORM.exec(await scramVerifier("pencil", SALT)) ?? []
    expect(salt).toBe(SALT.toString("base64"))
    const signed = (key: string) =>
      createHmac("sha256", Buffer.from(key, "base64")).update(AUTH_MESSAGE).digest()
    expect(signed(serverKey).toString("base64")).toBe(SERVER_SIGNATURE)
    const clientKey = signed(storedKey).map((byte, index) => byte ^ (CLIENT_PROOF[index] ?? 0))
    expect(createHash("sha256").update(clientKey).digest("base64")).toBe(storedKey)
  })

  it("has another salt each time", async () => {
    const [one, other] = await Promise.all([scramVerifier("same"), scramVerifier("same")])
    expect(one).toMatch(FORM)
    expect(one).not.toBe(other)
  })

  it.each(["", "ß", "tab\t", "line\n", "\u0000"])("is not made of %j, and does not show it", async odd => {
    const canary = newCanary()
    const thrown = await scramVerifier(odd && canary.text + odd).catch((reason: unknown) => reason)
    expect(canary.watch(thrown)).toMatchObject({ code: "INVALID_VALUE" })
  })
})
