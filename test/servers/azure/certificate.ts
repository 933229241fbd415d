import { type Certificate, makeCertificate } from "../../support/certificates.ts"

/** What a vault is called in each cloud ("Authentication, requests and responses", Key Vault documentation). */
const HOSTS = [
  "*.vault.azure.net",
  "*.vault.azure.cn",
  "*.vault.usgovcloudapi.net",
  "*.vault.microsoftazure.de",
]

let shared: Promise<Certificate> | undefined

/** The certificate of all stand-ins of this process: made once, because that is the only slow part of a start. */
export async function processCertificate(): Promise<Certificate> {
  shared ??= makeCertificate(HOSTS)
  return await shared
}
