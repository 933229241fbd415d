import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { readAuthority } from "../../src/core/index.ts"
import { newCanary } from "../support/canary.ts"
import { makeCertificate } from "../support/certificates.ts"

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-authority-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  await writeFile(join(folder, "ca.pem"), text)
  return join(folder, "ca.pem")
}

test("an authority is PEM, of one certificate or several, or a file of it", async () => {
  const [one, other] = await Promise.all([makeCertificate(), makeCertificate()])
  const both = `# an inspecting proxy's\n${one.cert}\n${other.cert}`
  for (const ca of [one.cert, both]) {
    expect(await readAuthority(ca)).toBe(ca)
    expect(await readAuthority(await file(ca))).toBe(ca)
  }
})

test("a file that is not there is told from one that holds no certificate, and neither is quoted", async () => {
  const canary = newCanary()
  const broken = `-----BEGIN CERTIFICATE-----\n${canary.text}\n-----END CERTIFICATE-----\n`
  const { key } = await makeCertificate()
  for (const [ca, said] of [
    [canary.text, "the file that ca names cannot be read"],
    [broken, "ca holds no certificate that can be read"],
    [await file(broken), "ca holds no certificate that can be read"],
    [await file(canary.text), "ca holds no certificate that can be read"],
    [await file(""), "ca holds no certificate that can be read"],
    [key, "ca holds no certificate that can be read"],
  ] as const) {
    const error = canary.watch(await readAuthority(ca).catch((thrown: unknown) => thrown))
    expect(error).toMatchObject({ code: "MISCONFIGURED", plainMessage: said })
  }
})
