import { type Credential, credentialOf } from "./credential.ts"
import { attemptAt, type Login } from "./login.ts"

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
    counted: false,
    async attempt() {
      const text = await credentialOf("signed token", jwt)
      return attemptAt(mount, { jwt: text, ...(role !== undefined && { role }) })
    },
  }
}
