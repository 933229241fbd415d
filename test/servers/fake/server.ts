import { createServer } from "node:http"

/**
 * A server for the tests of what starts servers: `<port> <behaviour>`. `well` answers; `dies` says why and ends;
 * `silent` never answers; `stubborn` does not end when it is asked to.
 */
const [port = "0", behaviour = "well"] = process.argv.slice(2)

if (behaviour === "dies") {
  process.stderr.write("the disk is full\n")
  process.exit(3)
}
if (behaviour === "stubborn") process.on("SIGTERM", () => process.stderr.write("asked to end\n"))
if (behaviour === "silent") setInterval(() => undefined, 1000)
else
  createServer((_, response) => response.end(JSON.stringify({ version: "1.2.3" }))).listen(
    Number(port),
    "127.0.0.1",
    () => process.stdout.write(`${JSON.stringify({ port: Number(port) })}\n`),
  )
