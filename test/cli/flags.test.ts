import { describe, expect, it } from "vitest"
import { type RotateFlags, taskOf } from "../../src/cli/rotate/wish.ts"
import { UsageError } from "../../src/cli/usage-error.ts"

const refused: readonly (readonly [
  what: string,
  name: string | undefined,
  flags: RotateFlags,
  says: RegExp,
])[] = [
  ["two verbs", "a", { status: true, abort: true }, /--status and --abort are two different things/],
  ["--force by itself", "a", { force: true }, /--force says nothing without --resume/],
  ["--force with another verb", "a", { force: true, abort: true }, /--force has no meaning with --abort/],
  ["--compromised with --rollback", "a", { compromised: true, rollback: true }, /no meaning with --rollback/],
  ["--impatient with --status", undefined, { impatient: true, status: true }, /no meaning with --status/],
  ["--wait with --dry-run", "a", { wait: true, dryRun: true }, /--wait has no meaning with --dry-run/],
  ["--wait with --watch", undefined, { wait: true, watch: true }, /--wait has no meaning with --watch/],
  ["--timeout with --watch", undefined, { timeout: "1m", watch: true }, /no meaning with --watch/],
  ["a token with --status", "a", { tokenStdin: true, status: true }, /--token-stdin has no meaning/],
  ["a token with --abort", "a", { tokenFile: "t", abort: true }, /--token-file has no meaning/],
  ["two tokens", "a", { tokenFile: "t", tokenStdin: true }, /are two inputs/],
  ["an empty name", "", {}, /the name of the secret is empty/],
  ["an empty name with --status", "", { status: true }, /the name of the secret is empty/],
  ["--watch with a name", "a", { watch: true }, /--watch is for all secrets/],
  ["--compromised without a name", undefined, { compromised: true }, /--compromised is for one secret/],
  ["--wait without a name", undefined, { wait: true }, /--wait is for one secret/],
  ["--token-stdin without a name", undefined, { tokenStdin: true }, /--token-stdin is for one secret/],
  ["--dry-run without a name", undefined, { dryRun: true }, /--dry-run is for one secret/],
  ["--resume without a name", undefined, { resume: true, force: true }, /--resume is for one secret/],
]

describe("flags that contradict each other, or that would be ignored, are refused with what to write:", () => {
  it.each(refused)("%s", (_, name, flags, says) => {
    const thrown = catching(() => taskOf(name, flags))
    expect(thrown.message).toMatch(says)
    expect(thrown.hint).toMatch(/\S/)
  })
})

const understood: readonly (readonly [string, string | undefined, RotateFlags, object])[] = [
  ["nothing", undefined, {}, { do: "tick" }],
  ["--timeout alone", undefined, { timeout: "1m" }, { do: "tick" }],
  ["--watch", undefined, { watch: true, json: true }, { do: "watch" }],
  ["--status", undefined, { status: true, timeout: "1m" }, { do: "status" }],
  ["--status of one", "a", { status: true }, { do: "status", name: "a" }],
  ["--dry-run with a token", "a", { dryRun: true, tokenFile: "t" }, { do: "dry-run", name: "a" }],
  ["a name", "a", { wait: true }, { do: "rotate", name: "a", compromised: false, impatient: false }],
  [
    "both haste flags",
    "a",
    { compromised: true, impatient: true },
    { do: "rotate", name: "a", compromised: true, impatient: true },
  ],
  ["--rollback", "a", { rollback: true, wait: true }, { do: "rollback", name: "a" }],
  ["--abort", "a", { abort: true }, { do: "abort", name: "a" }],
  ["--resume", "a", { resume: true }, { do: "resume", name: "a", force: false }],
  ["--resume --force", "a", { resume: true, force: true }, { do: "resume", name: "a", force: true }],
]

describe("what flags ask for:", () => {
  it.each(understood)("%s", (_, name, flags, task) => {
    expect(taskOf(name, flags)).toEqual(task)
  })
})

function catching(call: () => unknown): UsageError {
  try {
    call()
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown
    throw thrown
  }
  throw new Error("nothing was refused")
}
