import { generate } from "selfsigned"

/** A certificate and its key, both in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Somebody who signs certificates. */
export interface Authority {
  /** Its own certificate, for those who are to trust it. */
  readonly ca: string
  /** A certificate for a server on this machine. */
  server(): Promise<Certificate>
  /** A certificate for a client of this name. */
  client(commonName: string): Promise<Certificate>
}

/** Makes an authority of its own, whose certificates are good for a day. */
export async function newAuthority(): Promise<Authority> {
  const { cert: ca, private: caKey } = await generate([{ name: "commonName", value: "latchkey tests" }], {
    ...ofToday(),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  async function issue(
    commonName: string,
    extensions: NonNullable<Parameters<typeof generate>[1]>["extensions"] = [],
  ): Promise<Certificate> {
    const { cert, private: key } = await generate([{ name: "commonName", value: commonName }], {
      ...ofToday(),
      ca: { cert: ca, key: caKey },
      extensions: [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, critical: true },
        ...extensions,
      ],
    })
    return { cert, key }
  }
  return {
    ca,
    server: () =>
      issue("127.0.0.1", [
        { name: "extKeyUsage", serverAuth: true },
        {
          name: "subjectAltName",
          altNames: [
            { type: 7, ip: "127.0.0.1" },
            { type: 2, value: "localhost" },
          ],
        },
      ]),
    client: commonName =>
      issue(commonName, [
        { name: "extKeyUsage", clientAuth: true },
        { name: "subjectAltName", altNames: [{ type: 2, value: commonName }] },
      ]),
  }
}

/** A clock that is a little behind must not make a certificate one of the future. */
function ofToday() {
  const now = Date.now()
  return {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + 86_400_000),
  } as const
}
