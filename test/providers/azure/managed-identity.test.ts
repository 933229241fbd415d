import { ChainedTokenCredential } from "@azure/identity"
import { describe, expect, it } from "vitest"
import { loginWith } from "../../../providers/azure/login.ts"

const HOUR = 3_600_000

/** A managed identity as Microsoft's library has it: its tokens are kept until they are renewed by force. */
function managedIdentity({ isThere = true, renews = true } = {}) {
  const forced: unknown[] = []
  let made = 1
  return {
    forced,
    async getToken() {
      if (!isThere) throw Object.assign(new Error("not here"), { name: "CredentialUnavailableError" })
      return { token: `token ${made}`, expiresOnTimestamp: Date.now() + HOUR }
    },
    managedIdentityApp: {
      async acquireToken(request: unknown) {
        forced.push(request)
        if (!renews) throw new Error("down")
        made += 1
      },
    },
  }
}

/** What else keeps its token: the command line of a developer. */
function commandLine() {
  return { getToken: async () => ({ token: "token 1", expiresOnTimestamp: Date.now() + HOUR }) }
}

const SCOPE = ["https://vault.azure.net/.default"]
const FORCED = [{ resource: "https://vault.azure.net", forceRefresh: true }]

/** The token after the first one was refused. */
async function afterRefusal(credential: Parameters<typeof loginWith>[0] extends () => infer C ? C : never) {
  const login = loginWith(() => credential)
  const { token } = await login.getToken(SCOPE)
  login.refused(token)
  return (await login.getToken(SCOPE)).token
}

describe("a token that was refused, and is given again", () => {
  it("is renewed by force where it is one of a managed identity, alone or in chains", async () => {
    const [alone, chained] = [managedIdentity(), managedIdentity()]
    const chain = new ChainedTokenCredential(
      new ChainedTokenCredential(managedIdentity({ isThere: false }), chained),
      commandLine(),
    )
    expect([await afterRefusal(alone), await afterRefusal(chain)]).toEqual(["token 2", "token 2"])
    expect([alone.forced, chained.forced]).toEqual([FORCED, FORCED])
  })

  it("is left as it is where it is somebody else's", async () => {
    const [missing, other] = [managedIdentity({ isThere: false }), managedIdentity()]
    const before = commandLine()
    other.getToken = async () => ({ token: "of the other", expiresOnTimestamp: Date.now() + HOUR })
    expect(await afterRefusal(new ChainedTokenCredential(before, missing, other))).toBe("token 1")
    expect([missing.forced, other.forced]).toEqual([[], []])
  })

  it("is given all the same where it cannot be renewed, or the field is not there", async () => {
    const down = managedIdentity({ renews: false })
    expect([await afterRefusal(down), await afterRefusal(commandLine())]).toEqual(["token 1", "token 1"])
    expect(down.forced).toEqual(FORCED)
  })
})

it("a token that nobody has refused is never renewed by force", async () => {
  const identity = managedIdentity()
  const login = loginWith(() => identity)
  for (const claims of [undefined, "more", undefined]) await login.getToken(SCOPE, { claims } as object)
  login.refused("another")
  await login.getToken(SCOPE)
  expect(identity.forced).toEqual([])
})
