import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose"
import { describe, expect, it, onTestFinished } from "vitest"
import { keySet, plan, sign } from "../../../docs/snippets/jwks.ts"
import { sign as signJwt, verify } from "../../../docs/snippets/jwt.ts"
import { seal, unseal } from "../../../docs/snippets/sessions.ts"
import { expectNoLeak } from "../../support/canary.ts"
import { makeContextOf } from "../plans/contexts.ts"
import { keyringScene } from "./scene.ts"

describe("the snippet for JWTs", () => {
  it("names the key in the token, and checks with the key that the token names", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    const token = await signJwt(keys, { sub: "ada" }, "8h")
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", kid: "a" })
    await put(set("b", "b", "a"))
    await clock.advance("1m")
    expect(await verify(keys, token)).toMatchObject({ sub: "ada" })
    await put(set("b", "b", { id: "a", value: "another-key" }))
    await clock.advance("1m")
    await expect(verify(keys, token)).rejects.toMatchObject({ code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" })
    await put(set("b", "b"))
    await clock.advance("1m")
    await expect(verify(keys, token)).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" })
  })
})

describe("the snippet for sessions", () => {
  it("gives back what was sealed with a key that is good, and nothing else", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    const cookie = seal(keys, "user=ada; since=10")
    await put(set("b", "b", "a"))
    await clock.advance("1m")
    expect(await unseal(keys, cookie)).toBe("user=ada; since=10")
    const [text, id, mac] = cookie.split(".")
    const forged = [
      [Buffer.from("user=eve; since=10").toString("base64url"), id, mac],
      [text, "b", mac],
      [text, id, "x"],
      [text, id],
      ["", "", ""],
    ]
    for (const parts of forged) expect(await unseal(keys, parts.join("."))).toBeUndefined()
    await put(set("b", "b"))
    await clock.advance("1m")
    expect(await unseal(keys, cookie)).toBeUndefined()
  })
})

describe("the snippet for a JWKS", () => {
  it("lets others check tokens, with keys that were published before, and shows no private key", async () => {
    const { open, put, clock, canary } = keyringScene("no versions")
    const first = String((await plan.create(makeContextOf(plan))).value)
    await put(first)
    const keys = await open()
    const server = createServer((_, answer) => answer.end(JSON.stringify(keySet(keys))))
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const theirs = createRemoteJWKSet(new URL(`http://127.0.0.1:${port}/`), { cooldownDuration: 3_600_000 })
    const before = await sign(keys, { sub: "ada" }, "8h")
    const next = String((await plan.create(makeContextOf(plan, { current: { value: first } }))).value)
    await put(plan.publish?.(first, next) ?? "")
    await clock.advance("1m")
    // They ask once, while the new key is published, and no more.
    expect((await jwtVerify(before, theirs)).payload).toMatchObject({ sub: "ada" })
    await put(next)
    await clock.advance("1m")
    const after = await sign(keys, { sub: "eve" }, "8h")
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    expect((await jwtVerify(after, theirs)).payload).toMatchObject({ sub: "eve" })
    expect((await jwtVerify(before, theirs)).payload).toMatchObject({ sub: "ada" })
    expect(JSON.stringify(keySet(keys))).not.toMatch(/"d"|PRIVATE/)
    expectNoLeak(canary, keySet(keys))
    server.closeAllConnections()
  })
})
