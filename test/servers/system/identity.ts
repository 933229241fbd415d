import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

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

function fromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name in parentheses may hold anything, so fields are counted from its end (proc_pid_stat(5)).
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (state === "Z" || state === "X") return undefined
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8)}-${fields[18]}`
  } catch {
    return undefined
  }
}

function fromPs(pid: number): string | undefined {
  try {
    const [state, ...started] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    })
      .trim()
      .split(/\s+/)
    return state?.startsWith("Z") ? undefined : started.join(" ") || undefined
  } catch {
    return undefined
  }
}
