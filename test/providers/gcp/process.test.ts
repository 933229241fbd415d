import { generateKeyPairSync } from "node:crypto"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild } from "../../support/child.ts"
import { foreignTo, WATCHED } from "../../support/watched.ts"
import { playing } from "./player.ts"
import { standIn } from "./support.ts"

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-gcp-"))
  onTestFinished(async () => await rm(path, { recursive: true }))
  return path
}

const READ = `
  import { gcp } from "latchkey/gcp"
  const store = gcp(JSON.parse(process.env.OPTIONS!))
  const read = async () =>
    await store.read("tally/api-token", { signal: new AbortController().signal }).then(
      ({ value }) => console.log(value.length),
      error => console.log(error.code + " " + error.hint),
    )`

test("a process ends by itself within a second of close(), and has printed nothing", async () => {
  const canary = newCanary()
  const server = await standIn()
  server.put("tally--api-token", canary.text)
  const options = { project: server.project, endpoint: server.address, insecure: true }
  const ended = await runChild(
    `${READ}
     await read()
     await store.close()
     console.log("closed")`,
    { env: { OPTIONS: JSON.stringify(options) } },
  )
  expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "32\nclosed\n" })
  expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
  expectNoLeak(canary, ended.stdout)
})

test("importing loads no package at all, and reading none of another backend", async () => {
  const server = await standIn()
  server.put("tally--api-token", "tly-1")
  const options = { project: server.project, endpoint: server.address, insecure: true }
  const ended = await runChild(
    `${WATCHED}
     const { gcp } = await import("latchkey/gcp")
     const store = gcp(JSON.parse(process.env.OPTIONS!))
     console.log("imported: " + packages().join())
     await store.read("tally/api-token", { signal: new AbortController().signal })
     await store.close()
     console.log("read: " + packages().join())`,
    { env: { OPTIONS: JSON.stringify(options) } },
  )
  const [imported, read] = ended.stdout.split("\n")
  expect([ended.stderr, imported]).toEqual(["", "imported: "])
  expect(read).toContain("@google-cloud/secret-manager")
  expect(read).toContain("crc-32")
  expect(foreignTo("gcp", read?.replace("read: ", "").split(",") ?? [])).toEqual([])
})

test("a package that is missing is named with the line that installs it, and looked for again", async () => {
  const ended = await runChild(
    `${WATCHED}
     ${READ}
     await read()
     await read()
     console.log(missed.length)`,
    { env: { OPTIONS: JSON.stringify({ project: "my-project" }), MISSING: "@google-cloud/secret-manager" } },
  )
  const line = "MISCONFIGURED npm install @google-cloud/secret-manager"
  expect([ended.stderr, ended.stdout]).toEqual(["", `${line}\n${line}\n2\n`])
})

test("a key file is read, its token goes along, and Google's library has nothing to print about it", async () => {
  const player = await playing(() => {
    throw new Error("answered as INTERNAL")
  }, true)
  const path = await folder()
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 })
  const key = {
    type: "service_account",
    client_email: "program@my-project.iam.gserviceaccount.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  }
  await writeFile(join(path, "ca.pem"), player.ca ?? "")
  await writeFile(join(path, "key.json"), JSON.stringify(key))
  const options = { ...player.options, ca: join(path, "ca.pem"), keyFilename: join(path, "key.json") }
  const ended = await runChild(
    `${READ}
     await read()
     await store.close()`,
    { env: { OPTIONS: JSON.stringify(options) } },
  )
  expect([ended.stderr, ended.stdout.split(" ")[0]]).toEqual(["", "UNAVAILABLE"])
  const token = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(player.calls[0]?.authorization ?? "")?.[1] ?? ""
  expect(JSON.parse(Buffer.from(token, "base64url").toString())).toMatchObject({ iss: key.client_email })
  expect(ended.stdout).not.toContain(token)
})

test("credentials that are not there are UNAUTHENTICATED, until they are", async () => {
  const home = await folder()
  const well = join(home, ".config", "gcloud")
  await mkdir(well, { recursive: true })
  const user = {
    type: "authorized_user",
    client_id: "a",
    client_secret: "b",
    refresh_token: newCanary().text,
  }
  const ended = await runChild(
    `import { writeFile } from "node:fs/promises"
     ${READ}
     await read()
     await writeFile(process.env.FILE!, process.env.USER_CREDENTIALS!)
     await read()
     await store.close()`,
    {
      env: {
        OPTIONS: JSON.stringify({ project: "my-project", endpoint: "127.0.0.1:1" }),
        HOME: home,
        FILE: join(well, "application_default_credentials.json"),
        USER_CREDENTIALS: JSON.stringify(user),
        METADATA_SERVER_DETECTION: "none",
        // Nobody is asked for a token but this machine, which gives none.
        HTTPS_PROXY: "http://127.0.0.1:1",
      },
    },
  )
  expect(ended.stderr).toBe("")
  const [missing, refused] = ended.stdout.split("\n")
  expect(missing).toMatch(/^UNAUTHENTICATED gcloud auth application-default login/)
  expect(refused).toMatch(/^UNAVAILABLE see DNS and the network to oauth2.googleapis.com/)
  expect(ended.stdout).not.toContain(user.refresh_token)
})
