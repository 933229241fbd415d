/** Counts in how many places a text holds a token: in clear, in base64, in hex, or percent-encoded. */
export function tracesOf(token: string, text: string): number {
  return spellingsOf(token).reduce((sum, spelling) => sum + text.split(spelling).length - 1, 0)
}

/** How a token can be spelled. */
function spellingsOf(token: string): readonly string[] {
  const bytes = Buffer.from(token)
  const hex = bytes.toString("hex")
  const percent = hex.replace(/../g, "%$&")
  return [
    ...new Set([
      token,
      encodeURIComponent(token),
      hex,
      hex.toUpperCase(),
      percent,
      percent.toUpperCase(),
      ...[0, 1, 2].flatMap(offset => base64At(offset, bytes)),
    ]),
  ]
}

/** The base64 of bytes that stand somewhere in a longer text: without the characters that its neighbours change. */
function base64At(offset: number, bytes: Buffer): readonly string[] {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes])
  const end = Math.floor((whole.length * 8) / 6)
  const start = Math.ceil((offset * 8) / 6)
  return [whole.toString("base64").slice(start, end), whole.toString("base64url").slice(start, end)]
}
