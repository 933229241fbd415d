import { type Credential, credentialOf } from "./credential.ts"
import { attemptAt, type Login } from "./login.ts"

/** The login of pods, by the token of their service account. */
export interface KubernetesAuth {
  readonly method: "kubernetes"
  readonly role: string
  /** The token of the service account. Default: the file in which every pod finds it. */
  readonly jwt?: Credential | undefined
  /** Where the engine is. Default: `"kubernetes"`. */
  readonly mount?: string | undefined
}

/** Where Kubernetes puts the token of the service account ("Configure Service Accounts for Pods"). */
const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"

/** Logs in with the token of a service account, as it is at that moment: Kubernetes replaces it every hour. */
export function kubernetesLogin(auth: KubernetesAuth): Login {
  const { role, jwt = { file: SERVICE_ACCOUNT_TOKEN }, mount = "kubernetes" } = auth
  return {
    issues: true,
    counted: false,
    async attempt() {
      return attemptAt(mount, { role, jwt: await credentialOf("token of the service account", jwt) })
    },
  }
}
