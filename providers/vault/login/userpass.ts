import { encoded } from "../names.ts"
import { type Credential, passwordOf } from "./credential.ts"
import { attemptAt, type Login } from "./login.ts"

/** The login of people, by name and password. */
export interface UserpassAuth {
  readonly method: "userpass"
  readonly username: string
  readonly password: Credential
  /** Where the engine is; one for LDAP is asked in the same way. Default: `"userpass"`. */
  readonly mount?: string | undefined
}

/** Logs in with a name and a password. */
export function userpassLogin({ username, password, mount = "userpass" }: UserpassAuth): Login {
  const path = `login/${encoded(username)}`
  return {
    issues: true,
    counted: true,
    async attempt() {
      return attemptAt(mount, { password: await passwordOf("password", password) }, path)
    },
  }
}
