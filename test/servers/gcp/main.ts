/**
 * The stand-in as a program: `--port <n>`, `--project <id>`, `--latency <ms>`, `--token <bearer>` (more than one may be
 * given; without any, everybody may come in) and `--tls`. Prints one line of JSON when it is ready, and ends on SIGTERM
 * or SIGINT.
 */
import { once } from "node:events"
import { parseArgs } from "node:util"
import { startGcp } from "./start.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    project: { type: "string", default: "latchkey-test" },
    latency: { type: "string", default: "0" },
    token: { type: "string", multiple: true },
    tls: { type: "boolean", default: false },
  },
})

const server = await startGcp({
  port: wholeNumber(values.port, "--port"),
  project: values.project,
  latencyMs: wholeNumber(values.latency, "--latency"),
  tls: values.tls,
  ...(values.token && { identities: values.token.map(token => ({ token })) }),
})
const { host, port, address, project, projectNumber, ca } = server
process.stdout.write(`${JSON.stringify({ ready: true, host, port, address, project, projectNumber, ca })}\n`)
await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")])
await server.close()

function wholeNumber(text: string, option: string): number {
  if (!/^\d+$/.test(text)) throw new TypeError(`${option} takes a whole number`)
  return Number(text)
}
