import { credentialOf } from "./credential.ts"
import type { Login } from "./login.ts"
import { givenGrant, spent } from "./token.ts"

/** The token that `vault login` or an agent keeps in a file. Read again when the server no longer accepts it. */
export interface TokenFileAuth {
  readonly method: "token-file"
  readonly file: string
}

/** Logs in with the token that is in a file now. */
export function tokenFileLogin({ file }: TokenFileAuth): Login {
  return {
    issues: false,
    counted: false,
    async attempt() {
      const token = await credentialOf("token", { file })
      return {
        credential: token,
        async logIn(call) {
          if (token === call.replacing) throw spent("the file still holds it: vault login writes a new one")
          return await givenGrant(token, call, false)
        },
      }
    },
  }
}
