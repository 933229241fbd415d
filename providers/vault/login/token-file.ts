import { SecretError } from "../../../src/core/index.ts"
import { credentialOf, isMissing } from "./credential.ts"
import type { Login } from "./login.ts"
import { givenGrant, spent } from "./token.ts"

/** The token that `vault login` or an agent keeps in a file. Read again when the server no longer accepts it. */
export interface TokenFileAuth {
  readonly method: "token-file"
  /** Default: `.vault-token` in the home folder of whoever runs the process, where `vault login` writes it. */
  readonly file?: string | undefined
  /**
   * The variable of the environment that would have come before the file, and is not set, for messages: `"VAULT_TOKEN"`.
   * Default: none.
   */
  readonly variable?: string | undefined
}

/** What `vault login` calls the file. */
export const TOKEN_FILE = ".vault-token"

/** Logs in with the token that is in a file now. */
export function tokenFileLogin({ file, variable }: TokenFileAuth): Login {
  const place = file === undefined || file.endsWith(`/${TOKEN_FILE}`) ? `~/${TOKEN_FILE}` : "the token file"
  return {
    issues: false,
    counted: false,
    async attempt() {
      const path = file ?? (await ownFile())
      if (await isMissing(path)) throw noToken(place, variable)
      const token = await credentialOf("token", { file: path })
      return {
        credential: token,
        async logIn(call) {
          if (token === call.replacing)
            throw spent(`in ${place}`, "the file still holds it: vault login writes a new one")
          return await givenGrant(token, call, false)
        },
      }
    },
  }
}

async function ownFile(): Promise<string> {
  const [{ homedir }, { join }] = await Promise.all([import("node:os"), import("node:path")])
  return join(homedir(), TOKEN_FILE)
}

/** Nobody has logged in yet. */
function noToken(place: string, variable: string | undefined): SecretError {
  const unset = variable === undefined ? "" : `${variable} is not set and `
  const exported = variable === undefined ? "" : `, export ${variable}=…`
  return new SecretError("UNAUTHENTICATED", {
    message: `there is no token: ${unset}${place} is not there`,
    hint: `vault login writes the file${exported}, or log in another way: auth=approle, kubernetes, jwt, userpass or cert`,
  })
}
