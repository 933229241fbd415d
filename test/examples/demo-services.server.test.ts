import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { nodeArguments } from "../../examples/tally-mcp-server/demo/replica.ts"
import { running, ServerUnavailable } from "../servers/index.ts"

const demo = fileURLToPath(new URL("../../examples/tally-mcp-server/demo/main.ts", import.meta.url))

interface Told {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo with these arguments to its end. It finds the servers of this run by the environment. */
async function tell(...args: string[]): Promise<Told> {
  const child = spawn(process.execPath, [...nodeArguments(), demo, ...args], {
    env: process.env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  const written = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text
    })
  const code = await new Promise<number | null>(resolve => child.once("close", resolve))
  return { code, ...written }
}

describe("the demo with its token in a service", () => {
  it.for([
    ["vault", "vault", /HashiCorp Vault 1\./],
    ["aws", "localstack", /AWS Secrets Manager, as LocalStack 4\./],
    ["azure", "azure", /Azure Key Vault, as the project's stand-in has it/],
    ["gcp", "gcp", /Google Secret Manager, as the project's stand-in has it/],
  ] as const)(
    "keeps its promises with --store %s",
    { timeout: 90_000 },
    async ([store, server, title], context) => {
      const found = await running(server).catch((thrown: unknown) => thrown)
      if (found instanceof ServerUnavailable && process.env.CI !== "true") context.skip(found.message)
      const { code, stdout, stderr } = await tell("--store", store)
      expect(code, stdout + stderr).toBe(0)
      expect(stderr).toBe("")
      expect(stdout).toMatch(title)
      expect(stdout).toContain(`LATCHKEY_STORE=${store}://`)
      expect(stdout).toMatch(
        /whenever SECRETS_TTL has passed[^.]*\. When Tally answers 401 it asks at once\./,
      )
      expect(stdout).not.toContain("✗")
      expect(stdout).toMatch(/calls failed +0\n/)
      expect(stdout).toMatch(/rotations taken over without a restart +6 of 6\n/)
      expect(stdout).toMatch(/times a token stands in the server's output +0\n/)
    },
  )

  it("says which stores there are when it does not know one, and quotes nothing", async () => {
    for (const args of [["--store", "valut"], ["--sotre", "vault"], ["vault"]]) {
      const { code, stdout, stderr } = await tell(...args)
      expect([code, stdout]).toEqual([2, ""])
      expect(stderr).toContain("it is in vault, aws, azure, gcp")
      expect(stderr).not.toContain("valut")
    }
  })
})
