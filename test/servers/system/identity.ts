import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** A process, told apart from a later one that got the same number. */
export interface Identity {
  readonly pid: number
  /** When it was started, in a form that only compares. */
  readonly started: string
}

/** This process. */
export function thisProcess(): Identity {
  const identity = identityOf(process.pid)
  if (identity === undefined) throw new Error("this process cannot tell when it was started")
  return identity
}

/** The process that has this number now, or nothing. One that has ended and waits to be collected is nothing. */
export function identityOf(pid: number): Identity | undefined {
  const started = process.platform === "linux" ? fromProc(pid) : fromPs(pid)
  return started === undefined ? undefined : { pid, started }
}

/** Whether this very process still runs. */
export function isAlive(identity: Identity): boolean {
  return identityOf(identity.pid)?.started === identity.started
}

/**
 * Whether something is left of the group that a process led and has left behind. While there is, its number is nobody
 * else's; a number that belongs to another process by now is another group's.
 */
export function hasLeftGroup({ pid, started }: Identity): boolean {
  if (identityOf(pid) !== undefined || bootOf(started) !== bootOf(thisProcess().started)) return false
  return process.platform === "linux" ? groupInProc(pid) : groupInPs(pid)
}

/** On Linux, what all processes since the machine was started have in common. */
function bootOf(started: string): string {
  return process.platform === "linux" ? (started.split("-")[0] ?? "") : ""
}

function groupInProc(group: number): boolean {
  return readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .some(name => {
      const [state, , leader, session] = statOf(name) ?? []
      // What waits to be collected has ended. Ours lead a session, too: a shell's groups do not.
      return state !== "Z" && state !== "X" && leader === String(group) && session === String(group)
    })
}

function groupInPs(group: number): boolean {
  return outputOfPs(["-axo", "pgid=,stat="])
    .split("\n")
    .some(line => {
      const [leader, state = "Z"] = line.trim().split(/\s+/)
      return leader === String(group) && !state.startsWith("Z")
    })
}

/** What the system says of a process: its state, and the numbers of its parent, its group and its session. */
function statOf(pid: number | string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name in parentheses may hold anything, so fields are counted from its end (proc_pid_stat(5)).
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  } catch {
    return undefined
  }
}

function outputOfPs(args: readonly string[]): string {
  return execFileSync("ps", args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
  })
}

function fromProc(pid: number): string | undefined {
  const [state, ...fields] = statOf(pid) ?? ["X"]
  if (state === "Z" || state === "X") return undefined
  return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8)}-${fields[18]}`
}

function fromPs(pid: number): string | undefined {
  try {
    const [state, ...started] = outputOfPs(["-o", "stat=,lstart=", "-p", String(pid)])
      .trim()
      .split(/\s+/)
    return state?.startsWith("Z") ? undefined : started.join(" ") || undefined
  } catch {
    return undefined
  }
}
