import type { Pem } from "../tls.ts"
import { passwordOf } from "./credential.ts"
import { type Login, logInAt } from "./login.ts"

/** The login by the certificate that this side shows when it connects: `tls.cert` and `tls.key`. */
export interface CertificateAuth {
  readonly method: "cert"
  /** Which of the certificates that the engine knows is meant. Default: the one that fits. */
  readonly role?: string | undefined
  /** Where the engine is. Default: `"cert"`. */
  readonly mount?: string | undefined
}

/**
 * Logs in by TLS certificate. Its files are read again before: a certificate is replaced before it runs out.
 *
 * @param certificate the one that is shown, so that another one is known from it.
 */
export function certificateLogin({ role, mount = "cert" }: CertificateAuth, certificate: Pem = ""): Login {
  const body = role === undefined ? {} : { name: role }
  return {
    issues: true,
    counted: false,
    async attempt() {
      // Whoever connects says what is wrong with a file that cannot be read.
      const credential = await passwordOf("certificate", certificate).catch(() => "")
      return { credential, logIn: call => logInAt(call, mount, body) }
    },
  }
}
