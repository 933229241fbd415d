import { expect, it } from "vitest"
import { runChild, startChild } from "./child.ts"
import { eventually } from "./eventually.ts"

it("gives a program's output and exit code", async () => {
  const ended = await runChild(
    `
    console.log("out", process.argv[1], process.env.COLOUR, Object.keys(process.env).length < 5)
    console.error("err")
    process.exitCode = 3`,
    { args: ["one"], env: { COLOUR: "red" } },
  )
  expect(ended).toMatchObject({ code: 3, signal: null, stdout: "out one red true\n", stderr: "err\n" })
})

it("runs the library from source, in TypeScript", async () => {
  const ended = await runChild(`
    import { parseDuration, type Duration } from "latchkey"
    const duration: Duration = "5m"
    console.log(parseDuration(duration))`)
  expect(ended).toMatchObject({ code: 0, stdout: "300000\n", stderr: "" })
})

it("tells how long a program went on after it printed something", async () => {
  const child = startChild(`
    import { once } from "node:events"
    import { setTimeout } from "node:timers/promises"
    const turns = async () => { for (let turn = 0; turn < 40; turn++) await setTimeout(10) }
    await turns()
    console.log("closed")
    await once(process.stdin, "data")
    await turns()
    console.log("late")
    await once(process.stdin, "data")
    process.stdin.destroy()`)
  await child.printed("closed")
  child.say("heard")
  await child.printed("late")
  child.say("heard")
  const ended = await child.ended
  expect(ended.wentOnAfter("closed")).toBeGreaterThan(200)
  expect(ended.wentOnAfter("closed")).toBeLessThan(ended.milliseconds - 300)
  expect(ended.wentOnAfter("late")).toBeLessThan(ended.wentOnAfter("closed") - 100)
  expect(ended.wentOnAfter("never")).toBeNaN()
})

it("does not count the time for which a program could not run", async () => {
  const child = startChild(`
    process.stdin.once("data", () => { console.log("goes on"); process.stdin.destroy() })
    console.log("ready")`)
  await child.printed("ready")
  child.signal("SIGSTOP")
  await child.stopped()
  child.say("go on")
  const since = performance.now()
  await eventually(() => expect(performance.now() - since).toBeGreaterThan(500))
  child.signal("SIGCONT")
  const ended = await child.ended
  expect(ended.stdout).toContain("goes on")
  expect(ended.wentOnAfter("ready")).toBeLessThan(400)
})

it("cannot tell how long a program went on that was ended by a signal", async () => {
  const child = startChild(`setInterval(() => {}, 1000); console.log("waiting")`)
  await child.printed("waiting")
  child.signal("SIGKILL")
  expect((await child.ended).wentOnAfter("waiting")).toBeNaN()
})

it("stops and continues a program", async () => {
  const child = startChild(`
    process.stdin.on("data", text => console.log("heard", String(text).trim()))
    console.log("ready")`)
  await child.printed("ready")
  child.signal("SIGSTOP")
  await child.stopped()
  child.say("one")
  child.signal("SIGCONT")
  await child.printed("heard one")
  child.signal("SIGTERM")
  expect(await child.ended).toMatchObject({ code: null, signal: "SIGTERM" })
})

it("rejects when a program ends without printing what was waited for", async () => {
  const child = startChild(`console.log("something else")`)
  await expect(child.printed("ready")).rejects.toThrow(/ended without printing "ready"/)
})

it("kills a program that does not end, and says so", async () => {
  const child = startChild(`setInterval(() => {}, 1000); console.log("waiting")`, { killAfter: 1_000 })
  await expect(child.ended).rejects.toThrow(/was killed after 1000 ms/)
})
