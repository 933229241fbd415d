import { generate } from "selfsigned"

/** A certificate, which is its own authority, and its key, both in PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

let shared: Promise<Certificate> | undefined

/** The certificate of all stand-ins of this process: made once, because that is the only slow part of a start. */
export async function processCertificate(): Promise<Certificate> {
  shared ??= makeCertificate()
  return await shared
}

/** Makes a certificate for this machine and for the vaults of all clouds, good for a day. */
export async function makeCertificate(): Promise<Certificate> {
  const now = Date.now()
  const made = await generate([{ name: "commonName", value: "Key Vault stand-in" }], {
    keyType: "ec",
    algorithm: "sha256",
    // A clock that is a little behind must not make the certificate one of the future.
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + 86_400_000),
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [{ type: 7, ip: "127.0.0.1" }, ...HOSTS.map(value => ({ type: 2, value }) as const)],
      },
    ],
  })
  return { certificate: made.cert, key: made.private }
}

/** What a vault is called in each cloud ("Authentication, requests and responses", Key Vault documentation). */
const HOSTS = [
  "localhost",
  "*.vault.azure.net",
  "*.vault.azure.cn",
  "*.vault.usgovcloudapi.net",
  "*.vault.microsoftazure.de",
]
