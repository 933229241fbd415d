import { writeFile } from "node:fs/promises"
import { parseArgs } from "node:util"
import { startAzure, startManagedIdentity } from "./index.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    latency: { type: "string", default: "0" },
    // Where to put the certificate of its authority, for clients that take the path of one.
    "ca-file": { type: "string" },
  },
})
const server = await startAzure({ port: Number(values.port), latency: Number(values.latency) })
const identity = await startManagedIdentity(() => server.token())
const caFile = values["ca-file"]
if (caFile !== undefined) await writeFile(caFile, server.ca)

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    void server.close()
    void identity.close()
  })

// One line, for whoever started this: that it is ready, where, and what to come with.
const { url, ca } = server
process.stdout.write(
  `${JSON.stringify({ url, ca, caFile, token: server.token(), identity: identity.environment, client: server.login.client("owner") })}\n`,
)
