import { fromUrl, type GcpOptions, gcp } from "latchkey/gcp"
import { expect, test } from "vitest"
import { inGoogleCloud } from "../../../docs/snippets/gcp.ts"
import { newCanary } from "../../support/canary.ts"

const from = (url: string, env: Readonly<Record<string, string>> = {}) => fromUrl(new URL(url), env)

function keyIn(location: string): string {
  return `projects/my-project/locations/${location}/keyRings/my-ring/cryptoKeys/my-key`
}

/** Only what is said: parameters that are not there are options that are not set. */
const said = (options: GcpOptions) =>
  Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && name !== "rename"),
  )

test.for<[string, object]>([
  ["gcp://my-project", { project: "my-project" }],
  ["gcp://104052063718", { project: "104052063718" }],
  ["gcp://my-project?prefix=prod", { project: "my-project", prefix: "prod" }],
  ["gcp://my-project?location=europe-west1", { project: "my-project", location: "europe-west1" }],
  ["gcp://my-project?version=current", { project: "my-project", version: "current" }],
  [
    "gcp://my-project?replication=europe-west1,us-east1",
    { project: "my-project", replication: ["europe-west1", "us-east1"] },
  ],
  [
    "gcp://my-project?endpoint=127.0.0.1:8085&insecure=true",
    { project: "my-project", endpoint: "127.0.0.1:8085", insecure: true },
  ],
  [`gcp://my-project?kmsKey=${keyIn("global")}`, { project: "my-project", kmsKey: [keyIn("global")] }],
  [
    `gcp://my-project?replication=us-east1,us-west1&kmsKey=${keyIn("us-west1")},${keyIn("us-east1")}`,
    {
      project: "my-project",
      replication: ["us-east1", "us-west1"],
      kmsKey: [keyIn("us-west1"), keyIn("us-east1")],
    },
  ],
  ["gcp://my-project?ca=/etc/ssl/ca.pem", { project: "my-project", ca: "/etc/ssl/ca.pem" }],
])("the URL %s gives its options", ([url, options]) => {
  expect(said(from(url))).toEqual(options)
  expect(gcp(from(url)).kind).toBe("gcp")
})

test("a URL gives new names of single secrets", () => {
  expect(from("gcp://p1?rename.tally/api-token=TALLY_TOKEN").rename).toEqual({
    "tally/api-token": "TALLY_TOKEN",
  })
})

test("a URL without a project takes that of the environment", () => {
  expect(from("gcp:", { GOOGLE_CLOUD_PROJECT: "one", GCLOUD_PROJECT: "two" }).project).toBe("one")
  expect(from("gcp:?version=current", { GOOGLE_CLOUD_PROJECT: "", GCLOUD_PROJECT: "two" }).project).toBe(
    "two",
  )
  expect(from("gcp://three", { GOOGLE_CLOUD_PROJECT: "one" }).project).toBe("three")
  expect(() => from("gcp:")).toThrow("MISCONFIGURED")
  expect(() => from("gcp:")).toThrow("GOOGLE_CLOUD_PROJECT")
})

test.for([
  "gcp://my-project/secrets",
  "gcp://my-project?token=CANARY",
  "gcp://user:CANARY@my-project",
  "gcp://my-project?loction=europe-west1",
  "gcp://my-project?insecure=CANARY&endpoint=127.0.0.1:8085",
  "gcp://my-project?location=a&location=b",
  "gcp://my-project?version=",
])("the URL %s is refused, and not quoted", url => {
  const canary = newCanary()
  const refused = () => from(url.replace("CANARY", canary.text))
  expect(refused).toThrow("MISCONFIGURED")
  expect(refused).not.toThrow(canary.text)
})

test.for<[string, object]>([
  ["no project", { project: undefined }],
  ["a project that is a path", { project: "projects/my-project" }],
  ["a project that is a credential", { project: "CANARY" }],
  ["a project that is no text", { project: 7 }],
  ["a location that is a path", { location: "locations/europe-west1" }],
  ["a version that is a number", { version: "7" }],
  ["an endpoint that is a URL", { endpoint: "https://secretmanager.googleapis.com" }],
  ["replication that is a text", { replication: "europe-west1" }],
  ["replication to nowhere", { replication: [] }],
  ["replication to what is no region", { replication: ["europe-west1", "CANARY"] }],
  ["a key that is none", { kmsKey: "CANARY" }],
  ["a key with a version of it", { kmsKey: `${keyIn("global")}/cryptoKeyVersions/1` }],
  ["a key that is no text", { kmsKey: [7] }],
  ["a key that is a number", { kmsKey: 7 }],
  ["no keys", { kmsKey: [] }],
  ["a key of another place", { kmsKey: keyIn("europe-west1") }],
  ["a key of another location", { location: "europe-west4", kmsKey: keyIn("europe-west1") }],
  [
    "a key for one of two places",
    { replication: ["europe-west1", "europe-west4"], kmsKey: keyIn("europe-west1") },
  ],
  ["two keys for one place", { kmsKey: [keyIn("global"), keyIn("global")] }],
  ["labels that are a text", { labels: "CANARY" }],
  ["no labels", { labels: {} }],
  ["a label in capitals", { labels: { CANARY: "a" } }],
  ["a label whose value is too long", { labels: { team: "a".repeat(64) } }],
  ["a label whose value is no text", { labels: { team: 7 } }],
  ["an insecure that is a text", { insecure: "CANARY", endpoint: "127.0.0.1:1" }],
  ["an insecure service", { insecure: true }],
  ["an empty ca", { ca: "" }],
  ["an empty keyFilename", { keyFilename: "" }],
  ["credentials that are sent without TLS", { insecure: true, endpoint: "127.0.0.1:1", credentials: {} }],
  ["two kinds of credentials", { credentials: {}, keyFilename: "key.json" }],
  ["a client and where it is", { client: {}, endpoint: "127.0.0.1:1" }],
  ["a location and where to replicate to", { location: "europe-west1", replication: ["europe-west1"] }],
  ["an option that does not exist", { projectId: "CANARY" }],
  ["a prefix that is no name", { prefix: "Prod" }],
])("%s is refused when the store is made, and not quoted", ([, options]) => {
  const canary = newCanary()
  const text = JSON.stringify({ project: "my-project", ...options, ...("project" in options && options) })
  const given = JSON.parse(text.replaceAll("CANARY", canary.text)) as GcpOptions
  const refused = () => gcp(given)
  expect(refused).toThrow("MISCONFIGURED")
  expect(refused).not.toThrow(canary.text)
})

test.for([
  ["gcp://my-project", "gcp://my-project"],
  [
    "gcp://my-project?insecure=true&endpoint=127.0.0.1:8085&version=current&location=europe-west1",
    "gcp://my-project?location=europe-west1&version=current&endpoint=127.0.0.1:8085&insecure=true",
  ],
] as const)("the location of %s is a URL that leads to the same place", ([url, location]) => {
  expect(gcp(from(url)).location).toBe(location)
  expect(gcp(from(location)).location).toBe(location)
})

test("the store of the documentation is one", async () => {
  const secrets = inGoogleCloud()
  expect(secrets.supports("write")).toBe(true)
  await secrets.close()
})
