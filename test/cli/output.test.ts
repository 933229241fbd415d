import { PassThrough } from "node:stream"
import { describe, expect, it } from "vitest"
import { documentText, errorInJson, eventText } from "../../src/cli/rotate/json.ts"
import { progressOn } from "../../src/cli/rotate/progress.ts"
import { dryRunLines, outcomeLines, statusLines } from "../../src/cli/rotate/render.ts"
import { fromNow, span } from "../../src/cli/rotate/times.ts"
import { type Paint, paintFor } from "../../src/cli/streams.ts"
import { SecretError } from "../../src/core/index.ts"
import type { DryRun, RotationEvent, RotationOutcome, RotationStatus } from "../../src/rotation/index.ts"
import { newCanary } from "../support/canary.ts"

const NOW = new Date("2026-03-01T12:00:00Z")
const at = (milliseconds: number): Date => new Date(NOW.getTime() + milliseconds)
const plain: Paint = (_, text) => text

describe("times for people", () => {
  it.each([
    [-5, "0.0 s"],
    [300, "0.3 s"],
    [30_000, "30 s"],
    [240_000, "4 min"],
    [7_200_000, "2 h"],
    [3 * 86_400_000, "3 d"],
  ])("a span of %i ms is %s", (milliseconds, text) => {
    expect(span(milliseconds)).toBe(text)
  })

  it("are told from now", () => {
    expect(fromNow(at(240_000), NOW)).toBe("in 4 min")
    expect(fromNow(at(-240_000), NOW)).toBe("4 min ago")
    expect(fromNow(at(-400), NOW)).toBe("now")
  })
})

const failure = new SecretError("UNAVAILABLE", {
  secret: "a",
  store: "vault://v/secret",
  message: "the store cannot be reached",
  hint: "see whether it is up",
})

const blocked: RotationStatus = {
  name: "a",
  state: "blocked",
  rotationId: "r1",
  scheduled: true,
  due: at(-3_600_000),
  overdue: false,
  lastPromoted: at(-86_400_000),
  attempts: 1,
  problems: [
    {
      kind: "blocked",
      reason: "changed-by-hand",
      message: "somebody changed it",
      hint: "look",
      command: "latchkey rotate a --abort",
    },
    { kind: "failed", message: failure.message, hint: "see whether it is up", error: failure },
  ],
}

describe("the table of --status", () => {
  const idle: RotationStatus = {
    name: "b",
    state: "idle",
    scheduled: false,
    overdue: false,
    attempts: 0,
    problems: [],
  }
  const rows: readonly (readonly [what: string, status: Partial<RotationStatus>, line: string])[] = [
    ["without a schedule", {}, "b       idle   never         when asked"],
    ["that was never looked at", { state: undefined as never }, "b       unknown  never"],
    ["that is due", { due: at(3_600_000), scheduled: true }, "b       idle   never         in 60 min"],
    [
      "that is overdue",
      { due: at(-3_600_000), scheduled: true, overdue: true },
      "b       idle   never         overdue, was due 60 min ago",
    ],
    ["on a schedule of slots", { scheduled: true }, "b       idle   never         at its next slot"],
    [
      "in its grace",
      { state: "promoted", waitingUntil: at(60_000) },
      "b       promoted  never         goes on in 60 s",
    ],
    [
      "whose grace is over",
      { state: "promoted", due: at(1), scheduled: true },
      "b       promoted  never         goes on with the next run",
    ],
    [
      "that is held",
      { state: "parked", heldUntil: at(60_000) },
      "b       parked, held  never         goes on in 60 s at the latest",
    ],
  ]

  it.each(rows)("has a line for one %s", (_, more, line) => {
    expect(statusLines([{ ...idle, ...more }], NOW, plain)[1]).toBe(line)
  })

  it("has every problem below it, once, with the command that helps", () => {
    expect(statusLines([blocked], NOW, plain)).toEqual([
      "secret  state    last rotated  next",
      "a       blocked  24 h ago",
      "",
      "a: somebody changed it",
      "  look",
      "  $ latchkey rotate a --abort",
      "",
      "a: the store cannot be reached",
      "  see whether it is up",
    ])
  })
})

describe("the lines of an outcome and of a dry run", () => {
  it("say no name that could make more of a line than it is", () => {
    const outcome: RotationOutcome = {
      name: "a\u001b[2J\nb",
      happened: "nothing",
      moved: false,
      state: "idle",
    }
    expect(outcomeLines(outcome, NOW, plain)).toEqual(["a\uFFFD[2J\uFFFDb: nothing to do"])
  })

  it("say what is wrong in which check, and leave empty parts out", () => {
    const lines = dryRunLines(
      {
        name: "a",
        status: { ...blocked, state: undefined },
        steps: [],
        permissions: [],
        needs: ["path/to: update"],
        checks: [
          { what: "the journal cannot be read", error: failure },
          { what: "x", error: new SecretError("DENIED") },
        ],
        ok: false,
      },
      plain,
    )
    expect(lines).toEqual([
      "a is unknown; nothing was changed",
      "",
      "checks",
      "  no  the journal cannot be read: the store cannot be reached; see whether it is up",
      "  no  x: reading or writing it is not permitted",
      "",
      "what the far side has to allow",
      "  path/to: update",
      "",
      "it could not be rotated now",
    ])
  })

  it.each<[string, Partial<DryRun>, string]>([
    ["that could begin", {}, "it could be rotated now"],
    [
      "that a person has to help",
      { awaits: "make one" },
      "it could be rotated when a person has done what it waits for",
    ],
    [
      "that is on its way",
      { status: { ...blocked, state: "promoted", problems: [] } },
      "a rotation is on its way: it would be carried on, and no other one begun",
    ],
    ["that is blocked", { status: blocked }, "it is blocked: a person has to look, as --status says"],
  ])("end with what would become of one %s", (_, more, verdict) => {
    const status = { ...blocked, state: "idle", problems: [] } as const
    const dryRun = { name: "a", status, steps: [], permissions: [], needs: [], checks: [], ok: true, ...more }
    expect(dryRunLines(dryRun, plain).at(-1)).toBe(verdict)
  })

  it("say what is wrong and what to do, each once, and where to look while another process holds it", () => {
    const problem = {
      kind: "failed",
      message: failure.message,
      hint: "see whether it is up",
      command: "latchkey rotate a",
      error: failure,
    } as const
    const failed: RotationOutcome = {
      name: "a",
      happened: "failed",
      moved: false,
      state: "parked",
      next: at(60_000),
      problem,
    }
    expect(outcomeLines(failed, NOW, plain)).toEqual([
      "a: failed (parked), next in 60 s",
      "  the store cannot be reached",
      "  see whether it is up",
      "  $ latchkey rotate a",
    ])
    const { command, error, ...untyped } = problem
    expect(outcomeLines({ ...failed, problem: untyped }, NOW, plain).slice(1)).toEqual([
      `  ${failure.message}`,
      "  see whether it is up",
    ])
    const held = outcomeLines(
      { name: "a", happened: "held", moved: false, state: "claimed", next: at(60_000) },
      NOW,
      plain,
    )
    expect(held).toEqual([
      "a: held by another process (claimed), next in 60 s",
      expect.stringContaining("stopped in the middle"),
      expect.stringContaining("--resume --force"),
    ])
  })

  it("say what is left to a person, with the ids by which the far side calls it", () => {
    const lines = (notices: NonNullable<RotationOutcome["notices"]>) =>
      outcomeLines({ name: "a", happened: "rotated", moved: true, state: "idle", notices }, NOW, plain).slice(
        1,
      )
    expect(lines([{ about: "repaired" }])).toEqual([])
    expect(
      lines([
        { about: "old-left-to-person", id: "old-1" },
        { about: "new-left-to-person" },
        { about: "orphans-left", ids: ["o-1", "o\n2"] },
      ]),
    ).toEqual([
      expect.stringContaining("the old credential old-1 was not made here"),
      expect.stringContaining("the new credential was let go of"),
      expect.stringContaining("nobody uses o-1, o\uFFFD2 at the far side"),
    ])
  })

  it("are painted red where something failed, and green where nothing did", () => {
    const painted: Paint = (style, text) => `<${style}>${text}`
    const line = (happened: RotationOutcome["happened"]) =>
      outcomeLines({ name: "a", happened, moved: true, state: undefined }, NOW, painted)[0]
    expect(line("failed")).toContain("<red>")
    expect(line("blocked")).toContain("<red>")
    expect(line("held")).toContain("<yellow>")
    expect(line("awaits")).toContain("<yellow>")
    expect(line("rotated")).toContain("<green>")
  })

  it("have the colours of a terminal", () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true })
    expect(paintFor(terminal, {}, undefined)("red", "a")).toBe("\u001b[31ma\u001b[39m")
    expect(paintFor(new PassThrough(), {}, undefined)("red", "a")).toBe("a")
  })
})

describe("--json", () => {
  it("keeps its shape: names of fields, times in UTC, errors by what may be told of them", () => {
    const outcome: RotationOutcome = {
      name: "a",
      happened: "failed",
      moved: true,
      state: "parked",
      rotationId: "r1",
      next: at(60_000),
      problem: { kind: "failed", message: "m", hint: "h", command: "latchkey rotate a", error: failure },
    }
    expect(JSON.parse(documentText({ kind: "outcomes", exitCode: 1, outcomes: [outcome] }))).toEqual({
      schema: 1,
      kind: "outcomes",
      exitCode: 1,
      outcomes: [
        {
          name: "a",
          happened: "failed",
          moved: true,
          state: "parked",
          rotationId: "r1",
          next: "2026-03-01T12:01:00.000Z",
          problem: {
            kind: "failed",
            message: "m",
            hint: "h",
            command: "latchkey rotate a",
            error: {
              code: "UNAVAILABLE",
              message: "the store cannot be reached",
              hint: "see whether it is up",
              secret: "a",
              store: "vault://v/secret",
              transient: true,
            },
          },
        },
      ],
    })
    expect(JSON.parse(documentText({ kind: "status", exitCode: 3, rotations: [blocked] }))).toMatchObject({
      schema: 1,
      kind: "status",
      rotations: [
        {
          name: "a",
          state: "blocked",
          lastPromoted: "2026-02-28T12:00:00.000Z",
          problems: [{ reason: "changed-by-hand" }, {}],
        },
      ],
    })
    expect(errorInJson(new SecretError("CLOSED"))).toEqual({
      code: "CLOSED",
      message: "it was closed",
      transient: false,
    })
  })

  it("tells nothing of an error but those fields", () => {
    const canary = newCanary()
    const error = Object.assign(new SecretError("DENIED"), { value: canary.text, stack: canary.text })
    canary.watch(documentText({ kind: "error", exitCode: 1, error: errorInJson(error) }))
    canary.watch(eventText({ type: "failed", name: "a", state: "idle", at: NOW, error }))
  })
})

describe("progress", () => {
  const about = { name: "a", state: "promoted", at: NOW } as const
  const events: readonly (readonly [
    event: RotationEvent,
    ends: string | undefined,
    stays: string | undefined,
  ])[] = [
    [{ ...about, type: "step", step: "load", took: 5 }, undefined, undefined],
    [
      { ...about, type: "step", step: "mint", took: 1_500 },
      "had a new credential made (1.5 s)",
      "had a new credential made (1.5 s)",
    ],
    [{ ...about, type: "moved", from: "idle", to: "claimed" }, "claimed", "claimed"],
    [
      { ...about, type: "failed", step: "mint", error: failure },
      "mint failed: the store cannot be reached; see whether it is up",
      "mint failed: the store cannot be reached; see whether it is up",
    ],
    [
      { ...about, type: "failed", error: new SecretError("CLOSED") },
      "this failed: it was closed",
      "this failed: it was closed",
    ],
    [{ ...about, type: "lost", alarm: false }, "another process was faster", "another process was faster"],
    [
      { ...about, type: "notice", notice: { about: "repaired" } },
      "an older value had come back by a late write; the current one was put back",
      "an older value had come back by a late write; the current one was put back",
    ],
    [{ ...about, type: "waiting", until: NOW }, undefined, "waits until 2026-03-01T12:00:00.000Z"],
    [{ ...about, type: "held", until: NOW }, undefined, "held by another process"],
    [
      { ...about, type: "blocked", reason: "changed-by-hand" },
      undefined,
      "blocked (changed-by-hand): a person has to look, as latchkey rotate --status says",
    ],
    [
      { ...about, type: "still-accepted", retryAt: NOW },
      undefined,
      "the far side still accepts the old credential",
    ],
    [{ ...about, type: "awaits", what: "make\na token" }, undefined, "waits for a person: make\uFFFDa token"],
  ]

  it.each(
    events,
  )("of %j is told as it happens, and how a look ended only by a command that stays", (event, ends, stays) => {
    expect(told(false, [event])).toEqual(ends === undefined ? [] : [`a  ${ends}`])
    expect(told(true, [event])).toEqual(stays === undefined ? [] : [`a  ${stays}`])
  })

  it("of a command that stays says once what stays so", () => {
    const blocked: RotationEvent = { ...about, type: "blocked", reason: "candidate-gone" }
    const moved: RotationEvent = { ...about, type: "moved", from: "blocked", to: "idle" }
    const [first, second, third, fourth] = told(true, [
      blocked,
      blocked,
      { ...blocked, name: "b" },
      moved,
      blocked,
    ])
    expect([first, second, third, fourth].map(line => line?.slice(0, 10))).toEqual([
      "a  blocked",
      "b  blocked",
      "a  idle",
      "a  blocked",
    ])
  })

  function told(stays: boolean, all: readonly RotationEvent[]): string[] {
    const stream = new PassThrough()
    const listener = progressOn(stream, plain, stays)
    for (const event of all) listener(event)
    stream.end()
    const text = String(stream.read() ?? "")
    return text === "" ? [] : text.trimEnd().split("\n")
  }
})
