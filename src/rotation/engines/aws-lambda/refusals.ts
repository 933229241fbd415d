import { type BlockedReason, SecretError } from "../../../core/index.ts"
import { blocked, stillAccepted } from "../../status/problems.ts"

/** What the service, or a person, is told when a step does not come to its end. What failed is called again later. */
export const refusals = {
  /** The service has no such rotation of this secret. */
  notStaged(secret: string): SecretError {
    return new SecretError("CONFLICT", {
      secret,
      message: "the service has not begun this rotation, or has ended it",
      hint: "aws secretsmanager describe-secret shows which version has AWSPENDING; rotate-secret begins another rotation",
    })
  },

  unplanned(secret: string): SecretError {
    return new SecretError("MISCONFIGURED", {
      secret,
      message: "the function has no plan for this secret",
      hint: "add it to the plans of rotationHandler(), under this name",
    })
  },

  awaits(secret: string, what: string): SecretError {
    return new SecretError("MISCONFIGURED", {
      secret,
      message: "a person has to do something before the rotation begins",
      hint: what,
    })
  },

  /** Another invocation works on it. */
  busy(secret: string, forMs: number): SecretError {
    return new SecretError("UNAVAILABLE", {
      secret,
      retryAfterMs: Math.max(0, forMs),
      message:
        "another invocation of the function works on this rotation, or was cut off in the middle of it",
      hint: "the service calls again; after the lease this one goes on",
    })
  },

  /** The credential before is still in its grace. */
  inGrace(secret: string, until: number): SecretError {
    return new SecretError("UNAVAILABLE", {
      secret,
      message: `the credential before the last rotation is still in use somewhere, until ${new Date(until).toISOString()}`,
      hint: 'the service calls again; { "latchkey": "retire", "secret": …, "compromised": true } ends it now',
    })
  },

  refused(secret: string): SecretError {
    return new SecretError("UNAVAILABLE", {
      secret,
      message: "the far side refused the new credential, which was taken back; the one in use stays",
      hint: "see what the plan's verify asks; the next rotation begins anew",
    })
  },

  blocked(secret: string, reason: BlockedReason): SecretError {
    const { message, command } = blocked(secret, reason)
    const event = command?.endsWith("--resume") === true ? "resume" : "abort"
    return new SecretError("CONFLICT", {
      secret,
      message,
      hint: `look at it, then call the function with { "latchkey": "${event}", "secret": "${secret}" }; "resume" goes on, "abort" lets go and ends nothing`,
    })
  },

  stillAccepted(secret: string, revokedByHand: string | undefined): SecretError {
    const { message, hint } = stillAccepted(secret, revokedByHand)
    return new SecretError("UNAVAILABLE", { secret, message, hint })
  },

  notGranted(secret: string, event: string): SecretError {
    return new SecretError("CONFLICT", {
      secret,
      message: `there is nothing to ${event === "rollback" ? "go back to" : event}, or it is too late for that`,
      hint: 'call the function with { "latchkey": "retire" }: it says how each secret is',
    })
  },

  /** It does not come to an end, which no journal of ours makes possible. */
  endless(secret: string): SecretError {
    return new SecretError("UNAVAILABLE", {
      secret,
      message: "the rotation is changed by others all the time",
    })
  },
}
