import { expect, it } from "vitest"
import { runChild } from "../support/child.ts"
import { storeVariablesFor, variablesFor } from "./environment.ts"
import { running, ServerUnavailable } from "./index.ts"

const PROGRAM = `
  import { openSecrets } from "latchkey"
  await using secrets = await openSecrets()
  if (!secrets.supports("write")) throw new Error("it cannot write")
  const name = "exports/token-n${process.pid}"
  await secrets.put(name, "kept")
  console.log((await secrets.get(name)).reveal())`

it.for(["vault", "openbao", "localstack", "moto", "azure", "gcp"] as const)(
  "what is printed for %s is all that a program needs to keep its secrets there",
  { timeout: 60_000 },
  async (name, context) => {
    const server = await running(name).catch((thrown: unknown) => thrown)
    if (server instanceof ServerUnavailable && process.env.CI !== "true") context.skip(server.message)
    const found = await running(name)
    const env = { ...variablesFor(found), ...storeVariablesFor(found) }
    expect(await runChild(PROGRAM, { env })).toMatchObject({ code: 0, stdout: "kept\n", stderr: "" })
  },
)
