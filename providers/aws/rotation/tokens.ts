/**
 * The token of a request that decides between several who send one: it is derived from what they all know, so that of
 * those who make a version under it one does, and the others are told that it is there. It becomes the id of the version.
 *
 * @param parts what it is derived from, which is to be no secret.
 * @returns a UUID of version 8 (RFC 9562), as "PutSecretValue" in the AWS Secrets Manager API Reference recommends one.
 */
export async function tokenOf(...parts: readonly (string | number)[]): Promise<string> {
  const bytes = new Uint8Array(
    await globalThis.crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts))),
  )
  const hex = Array.from(bytes.subarray(0, 16), (byte, place) => {
    if (place === 6) return (0x80 | (byte & 0x0f)).toString(16)
    if (place === 8) return (0x80 | (byte & 0x3f)).toString(16)
    return byte.toString(16).padStart(2, "0")
  }).join("")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

/** The token of the version that a rotation parks. */
export async function candidateToken(name: string, rotationId: string): Promise<string> {
  return await tokenOf("latchkey/candidate", name, rotationId)
}
