import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { expect, it, vi } from "vitest"
import { z } from "zod"
import { memory } from "../../providers/memory/index.ts"
import { loadConfig, secret, setting } from "../../src/config/index.ts"
import { newCanary } from "../support/canary.ts"
import { fakeSecrets } from "./fake-secrets.ts"

it("understands the marks of another copy of the package", async () => {
  const canary = newCanary()
  vi.resetModules()
  const other = await import("../../src/config/index.ts")
  expect(other.secret).not.toBe(secret)
  const Config = z.object({
    token: other.secret("token", z.string()).describe("x"),
    port: other.setting("PORT", z.coerce.number()).min(1),
    own: secret("own"),
  })
  const config = await loadConfig(Config, {
    secrets: fakeSecrets(memory({ token: canary.text, own: "y" })),
    settings: { PORT: "1" },
  })
  expect([config.token.reveal(), config.port, config.own.reveal()]).toEqual([canary.text, 1, "y"])
  canary.watch(config)
})

it("understands the schemas of another copy of zod", async () => {
  // The package holds two builds; whichever the loader got, the other one is another copy.
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve("zod/package.json"))
  const modules: { z: typeof z }[] = [
    require(join(folder, "index.cjs")),
    await import(join(folder, "index.js")),
  ]
  const other = modules.map(module => module.z).find(copy => copy.ZodObject !== z.ZodObject)
  if (other === undefined) return expect.unreachable("there is no other copy of zod")
  const Config = other.object({
    token: secret("token", other.string().startsWith("tly-")),
    port: setting("PORT", other.coerce.number().int()).min(1).default(3000),
    tls: other.object({ key: secret("key") }).optional(),
    later: other
      .string()
      .default("x")
      .refine(async () => true),
  })
  const secrets = fakeSecrets(memory({ token: "tly-1" }))
  const config = await loadConfig(Config, { secrets, settings: {} })
  expect([config.token.reveal(), config.port, config.tls]).toEqual(["tly-1", 3000, undefined])

  const canary = newCanary()
  const error = await loadConfig(Config, {
    secrets: fakeSecrets(memory({ token: canary.text })),
    settings: { PORT: "0" },
  }).catch(thrown => thrown)
  canary.watch(error)
  expect(error.problems).toMatchObject([
    { path: "token", code: "INVALID_VALUE", expected: 'text that starts with "tly-"' },
    { path: "port", code: "INVALID_VALUE", expected: "a whole number that is at least 1" },
  ])
})
