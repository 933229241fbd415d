import { expect, it } from "vitest"
import { runChild, startChild } from "./child.ts"

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
  const ended = await runChild(`console.log("closed"); setTimeout(() => console.log("late"), 300)`)
  expect(ended.millisecondsSince("closed")).toBeGreaterThanOrEqual(250)
  expect(ended.millisecondsSince("closed")).toBeGreaterThan(ended.millisecondsSince("late"))
  expect(ended.millisecondsSince("never")).toBeNaN()
  expect(ended.milliseconds).toBeGreaterThan(ended.millisecondsSince("closed"))
})

it("stops and continues a program", async () => {
  const child = startChild(`
    process.stdin.on("data", text => console.log("heard", String(text).trim()))
    console.log("ready")`)
  await child.printed("ready")
  child.signal("SIGSTOP")
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
