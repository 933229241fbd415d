import { once } from "node:events"
import { connect as connectHttp2 } from "node:http2"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { makeCertificate } from "../support/certificates.ts"
import { startHttp2Answers } from "./http2-answers.ts"
import { startRelay } from "./relay.ts"

/** A server that says who it is to whoever connects, and repeats what it is told. */
async function speaker(name: string): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on("error", () => socket.destroy())
    socket.write(`${name} `)
    socket.pipe(socket)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** What is heard after something was said, up to a number of letters. */
async function heard(socket: Socket, said: string, length: number): Promise<string> {
  socket.write(said)
  let text = ""
  while (text.length < length) text += String((await once(socket, "data"))[0])
  return text
}

describe("a relay", () => {
  it("passes on what is said in both directions", async () => {
    const relay = await startRelay(await speaker("one"))
    onTestFinished(async () => await relay.close())
    expect(await heard(connect(relay.port, relay.host), "hello", 9)).toBe("one hello")
  })

  it("leads elsewhere from one moment to the next, and ends the connections that there are", async () => {
    const relay = await startRelay(await speaker("one"))
    onTestFinished(async () => await relay.close())
    const old = connect(relay.port, relay.host)
    await heard(old, "", 4)
    relay.leadTo(await speaker("two"))
    await once(old, "close")
    expect(await heard(connect(relay.port, relay.host), "hello", 9)).toBe("two hello")
  })

  it("breaks off where nobody listens", async () => {
    const relay = await startRelay(1)
    onTestFinished(async () => await relay.close())
    const socket = connect(relay.port, relay.host)
    socket.on("error", () => undefined)
    await once(socket, "close")
    expect(socket.bytesRead).toBe(0)
  })

  it("ends what there is when it is closed", async () => {
    const relay = await startRelay(await speaker("one"))
    const socket = connect(relay.port, relay.host)
    await heard(socket, "", 4)
    await Promise.all([relay.close(), once(socket, "close")])
    expect(socket.destroyed).toBe(true)
  })
})

describe("a server of one answer in HTTP/2", () => {
  it("gives it to everybody, and counts", async () => {
    const certificate = await makeCertificate()
    const server = await startHttp2Answers(certificate, {
      status: 307,
      headers: { location: "https://elsewhere/" },
      body: "gone",
    })
    onTestFinished(async () => await server.close())
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: certificate.cert })
    onTestFinished(() => session.destroy())
    const stream = session.request({ ":path": "/x" })
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>]
    expect(headers).toMatchObject({ ":status": 307, location: "https://elsewhere/" })
    let body = ""
    for await (const piece of stream) body += String(piece)
    expect([body, server.answered]).toEqual(["gone", 1])
  })
})
