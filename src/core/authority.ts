import { misconfigured } from "./error.ts"

/**
 * The certificates of an authority that is to be trusted.
 *
 * @param ca PEM, or the path of a file of it.
 * @throws SecretError `MISCONFIGURED` for a file that cannot be read, and for what {@link refuseNoCertificate} refuses.
 */
export async function readAuthority(ca: string): Promise<string> {
  const { readFile } = await import("node:fs/promises")
  const pem = ca.includes("-----BEGIN") ? ca : await readFile(ca, "utf8").catch(() => undefined)
  if (pem === undefined)
    throw misconfigured(
      "the file that ca names cannot be read",
      "see whether it is there and readable by this process",
    )
  await refuseNoCertificate(pem)
  return pem
}

/**
 * Refuses a text that begins with no certificate. TLS itself passes over it in silence, and then trusts nobody.
 *
 * @throws SecretError `MISCONFIGURED`
 */
export async function refuseNoCertificate(pem: string): Promise<void> {
  const { X509Certificate } = await import("node:crypto")
  try {
    new X509Certificate(pem)
  } catch {
    // What OpenSSL says may quote the text.
    throw misconfigured(
      "ca holds no certificate that can be read",
      "ca is PEM, or leads to a file of it: it begins with -----BEGIN CERTIFICATE-----",
    )
  }
}
