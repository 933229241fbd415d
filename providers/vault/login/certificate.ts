import { type Login, logInAt } from "./login.ts"

/** The login by the certificate that this side shows when it connects: `tls.cert` and `tls.key`. */
export interface CertificateAuth {
  readonly method: "cert"
  /** Which of the certificates that the engine knows is meant. Default: the one that fits. */
  readonly role?: string | undefined
  /** Where the engine is. Default: `"cert"`. */
  readonly mount?: string | undefined
}

/** Logs in by TLS certificate. Its files are read again before: a certificate is replaced before it runs out. */
export function certificateLogin({ role, mount = "cert" }: CertificateAuth): Login {
  return {
    issues: true,
    async logIn(call) {
      const body = role === undefined ? {} : { name: role }
      return await logInAt(call, mount, body, { freshCertificates: true })
    },
  }
}
