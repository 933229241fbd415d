import { type Credential, credentialOf } from "./credential.ts"
import { type Login, logInAt } from "./login.ts"

/** The login by a signed token of another authority: CI systems, SPIFFE, clouds. */
export interface JwtAuth {
  readonly method: "jwt"
  readonly jwt: Credential
  /** Default: the one that the engine has as its default. */
  readonly role?: string | undefined
  /** Where the engine is. Default: `"jwt"`. */
  readonly mount?: string | undefined
}

/** Logs in with a signed token, as it is at that moment. */
export function jwtLogin({ jwt, role, mount = "jwt" }: JwtAuth): Login {
  return {
    issues: true,
    async logIn(call) {
      const text = await credentialOf("signed token", jwt)
      return await logInAt(call, mount, { jwt: text, ...(role !== undefined && { role }) })
    },
  }
}
