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

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>["extensions"]>

/**
 * Makes a certificate for a server on this machine that is its own authority, good for a day. No two are signed by the
 * same one.
 *
 * @param hosts further names of the server: `"*.vault.azure.net"`.
 */
export async function makeCertificate(hosts: readonly string[] = []): Promise<Certificate> {
  // Among several authorities that are trusted, the one that signed is found by its name.
  return await signed(`server ${crypto.randomUUID()}`, [
    { name: "basicConstraints", cA: true },
    { name: "keyUsage", digitalSignature: true, keyCertSign: true },
    ...forServer(hosts),
  ])
}

/** Makes an authority, whose certificates are good for a day. */
export async function newAuthority(): Promise<Authority> {
  const own = await signed("latchkey tests", [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ])
  const issue = async (commonName: string, extensions: Extensions): Promise<Certificate> =>
    await signed(
      commonName,
      [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, critical: true },
        ...extensions,
      ],
      own,
    )
  return {
    ca: own.cert,
    server: () => issue("127.0.0.1", forServer()),
    client: commonName =>
      issue(commonName, [
        { name: "extKeyUsage", clientAuth: true },
        { name: "subjectAltName", altNames: [{ type: 2, value: commonName }] },
      ]),
  }
}

function forServer(hosts: readonly string[] = []): Extensions {
  const names = ["localhost", ...hosts].map(value => ({ type: 2, value }) as const)
  return [
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }, ...names] },
  ]
}

/** @param by who signs it. Default: itself. */
async function signed(commonName: string, extensions: Extensions, by?: Certificate): Promise<Certificate> {
  const now = Date.now()
  const { cert, private: key } = await generate([{ name: "commonName", value: commonName }], {
    keyType: "ec",
    algorithm: "sha256",
    // A clock that is a little behind must not make the certificate one of the future.
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + 86_400_000),
    extensions,
    ...(by && { ca: by }),
  })
  return { cert, key }
}
