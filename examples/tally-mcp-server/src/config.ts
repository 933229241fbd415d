import { secret, setting } from "latchkey/config"
import { z } from "zod"

/**
 * The key of a Tally account. Only visible ASCII is accepted: anything else does not fit into a header, and `fetch`
 * would say so in an error that quotes the header, token and all.
 */
const ApiToken = z
  .string()
  .startsWith("tly-")
  .regex(/^[\x21-\x7e]+$/, "has characters that no HTTP header can carry")

/** Where the API is. The token goes there, so it must be encrypted on the way, unless it never leaves this machine. */
const BaseUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isConfidential, "must be https: over plain http the token could be read on the way")
  .refine(isBare, "must have no user, password, query or fragment")

/** Everything that this server is configured by. */
export const Config = z.object({
  tally: z.object({
    apiToken: secret("tally/api-token", ApiToken),
    baseUrl: setting("TALLY_BASE_URL", BaseUrl.default("https://api.tally.so")),
    timeoutMs: setting("TALLY_TIMEOUT_MS", z.coerce.number().int().min(100).max(60_000).default(10_000)),
  }),
})

function isConfidential(text: string): boolean {
  const { protocol, hostname } = new URL(text)
  return protocol === "https:" || isLoopback(hostname)
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname)
}

function isBare(text: string): boolean {
  const { username, password } = new URL(text)
  // An empty query or fragment ("…/?") leaves no trace in the parsed URL, so the text itself is asked.
  return username === "" && password === "" && !/[?#]/.test(text)
}
