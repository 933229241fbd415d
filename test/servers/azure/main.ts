import { parseArgs } from "node:util"
import { startAzure } from "./index.ts"

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, latency: { type: "string", default: "0" } },
})
const server = await startAzure({ port: Number(values.port), latency: Number(values.latency) })

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void server.close())

// One line, for whoever started this: that it is ready, where, and what to come with.
process.stdout.write(
  `${JSON.stringify({ url: server.url, ca: server.ca, token: server.token(), client: server.login.client("owner") })}\n`,
)
