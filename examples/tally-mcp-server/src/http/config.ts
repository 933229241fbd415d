import { secret, setting } from "latchkey/config"
import { z } from "zod"
import { Config } from "../config.ts"

const DatabaseUrl = z
  .url()
  .regex(/^postgres(?:ql)?:\/\//)
  .describe('the address of a PostgreSQL database: "postgres://user:password@host/database"')

const ClientSecret = z
  .string()
  .min(32)
  .regex(/^[\x21-\x7e]+$/)
  .describe("at least 32 visible ASCII characters")

/** Everything that this server is configured by when it is served over HTTP. */
export const HttpConfig = Config.extend({
  auth: z.object({
    clientSecret: secret("auth/client-secret", ClientSecret),
    tokenLifetimeSeconds: setting(
      "TOKEN_LIFETIME_S",
      z.coerce.number().int().min(1).max(86_400).default(900),
    ),
    /** How far the clocks of the replicas may be apart. */
    clockSkewSeconds: setting("CLOCK_SKEW_S", z.coerce.number().int().min(0).max(300).default(60)),
  }),
  database: secret("db/url", DatabaseUrl),
  port: setting("PORT", z.coerce.number().int().min(0).max(65_535).default(3000)),
})
