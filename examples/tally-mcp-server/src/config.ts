import { secret, setting } from "latchkey/config"
import { z } from "zod"

/**
 * The key of a Tally account. Only visible ASCII is accepted: anything else does not fit into a header, and `fetch`
 * would say so in an error that quotes the header, token and all.
 */
const ApiToken = z
  .string()
  .startsWith("tly-")
  .regex(/^[\x21-\x7e]+$/)
  .describe('the key of a Tally account: "tly-" and visible ASCII')

/**
 * Where the API is. The token goes there, so it must be encrypted on the way, unless it never leaves this machine.
 * The loader tells the description to whoever gets it wrong.
 */
const BaseUrl = z
  .union([
    z
      .url()
      .startsWith("https://")
      .regex(/^[^@?#]+$/),
    z
      .url()
      .regex(/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/)
      .regex(/^[^@?#]+$/),
  ])
  .describe('an address that starts with "https://", or one of this machine, without a user and a query')

/** Everything that this server is configured by. */
export const Config = z.object({
  tally: z.object({
    apiToken: secret("tally/api-token", ApiToken),
    baseUrl: setting("TALLY_BASE_URL", BaseUrl.default("https://api.tally.so")),
    timeoutMs: setting("TALLY_TIMEOUT_MS", z.coerce.number().int().min(100).max(60_000).default(10_000)),
  }),
})
