import type { Pem } from "../tls.ts"
import { type AppRoleAuth, appRoleLogin } from "./approle.ts"
import { type CertificateAuth, certificateLogin } from "./certificate.ts"
import { type JwtAuth, jwtLogin } from "./jwt.ts"
import { type KubernetesAuth, kubernetesLogin } from "./kubernetes.ts"
import type { Login } from "./login.ts"
import { type TokenAuth, tokenLogin } from "./token.ts"
import { type TokenFileAuth, tokenFileLogin } from "./token-file.ts"
import { type UserpassAuth, userpassLogin } from "./userpass.ts"

/** How a store shows the server who it is. */
export type VaultAuth =
  | TokenAuth
  | TokenFileAuth
  | AppRoleAuth
  | KubernetesAuth
  | JwtAuth
  | UserpassAuth
  | CertificateAuth

/**
 * The login that the options ask for.
 *
 * @param certificate the one that this side shows when it connects, if it has one.
 */
export function loginOf(auth: VaultAuth, certificate: Pem | undefined): Login {
  switch (auth.method) {
    case "token":
      return tokenLogin(auth)
    case "token-file":
      return tokenFileLogin(auth)
    case "approle":
      return appRoleLogin(auth)
    case "kubernetes":
      return kubernetesLogin(auth)
    case "jwt":
      return jwtLogin(auth)
    case "userpass":
      return userpassLogin(auth)
    case "cert":
      return certificateLogin(auth, certificate)
  }
}

export type { AppRoleAuth } from "./approle.ts"
export type { CertificateAuth } from "./certificate.ts"
export type { Credential } from "./credential.ts"
export type { JwtAuth } from "./jwt.ts"
export type { KubernetesAuth } from "./kubernetes.ts"
export type { Attempt, Grant, Login } from "./login.ts"
export { grantOf } from "./login.ts"
export type { TokenAuth } from "./token.ts"
export type { TokenFileAuth } from "./token-file.ts"
export type { UserpassAuth } from "./userpass.ts"
