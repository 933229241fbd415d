import { generate } from "selfsigned"

/** A certificate for this machine, which is its own authority, and its key, both in PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Makes a certificate for 127.0.0.1 and localhost, good for a day. No two are signed by the same authority. */
export async function makeCertificate(): Promise<Certificate> {
  const now = Date.now()
  const made = await generate([{ name: "commonName", value: "fault proxy" }], {
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
        altNames: [
          { type: 7, ip: "127.0.0.1" },
          { type: 2, value: "localhost" },
        ],
      },
    ],
  })
  return { certificate: made.cert, key: made.private }
}
