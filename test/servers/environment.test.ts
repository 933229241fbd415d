import { describe, expect, it } from "vitest"
import { addressOf, fromEnvironment, variablesFor } from "./environment.ts"
import type { AnyServer } from "./types.ts"

const AWS = { region: "eu-west-1", accessKeyId: "key", secretAccessKey: "word" } as const

const SERVERS: readonly AnyServer[] = [
  { name: "vault", version: "unknown", url: "http://127.0.0.1:1", rootToken: "hvs.1", unsealKey: undefined },
  {
    name: "openbao",
    version: "unknown",
    url: "http://127.0.0.1:2",
    rootToken: "hvs.2",
    unsealKey: undefined,
  },
  { name: "localstack", version: "unknown", url: "http://127.0.0.1:3", ...AWS },
  { name: "moto", version: "unknown", url: "http://127.0.0.1:4", ...AWS },
  {
    name: "postgres",
    version: "unknown",
    host: "127.0.0.1",
    port: 5,
    user: "someone",
    password: "a/b@c",
    database: "jobs",
  },
  { name: "toxiproxy", version: "unknown", url: "http://127.0.0.1:6" },
  {
    name: "azure",
    version: "unknown",
    url: "https://127.0.0.1:7",
    ca: "PEM",
    token: "bearer",
    caFile: "/tmp/ca.pem",
    identity: { IDENTITY_ENDPOINT: "http://127.0.0.1:9/msi/token", IDENTITY_HEADER: "h" },
  },
  { name: "gcp", version: "unknown", address: "127.0.0.1:8", project: "p" },
]

describe("the environment", () => {
  it.each(SERVERS)("leads to $name by what is to be exported for it", server => {
    const environment = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "word", ...variablesFor(server) }
    expect(fromEnvironment(server.name, environment)?.server).toEqual(server)
  })

  it("leads nowhere when the variable is missing or empty", () => {
    expect(fromEnvironment("vault", {})).toBeUndefined()
    expect(fromEnvironment("vault", { VAULT_ADDR: "" })).toBeUndefined()
  })

  it.each([
    "https://vault.example.com",
    "http://10.0.0.8:8200",
    "http://127.0.0.1.example.com",
  ])("does not lead to %s on another machine, unless that is allowed", url => {
    expect(fromEnvironment("vault", { VAULT_ADDR: url })).toBeUndefined()
    const allowed = fromEnvironment("vault", { VAULT_ADDR: url, LATCHKEY_SERVERS_REMOTE: "true" })
    expect(allowed && addressOf(allowed.server)).toBe(url)
  })

  it.each(["http://localhost:8200", "http://[::1]:8200", "http://127.0.0.2:8200"])("leads to %s", url => {
    expect(fromEnvironment("vault", { VAULT_ADDR: url })?.variable).toBe("VAULT_ADDR")
  })
})
