/** What is promised about secrets, as sentences: each is a check of its own, and its text is what a failure says. */
export const PROMISES = {
  accepted: "a revealed value was accepted and not withdrawn",
  withdrawn: "a value is withdrawn when the store has said so twice, a second apart, and not before",
  bounded: "nothing older than ttl + maxStale is served once a refresh has failed",
  patient: "a value that is not that old, or that no refresh failed for, is served",
  ordered: "an older answer that comes late changes nothing",
  fresh: "the newest answer that all accept is what is shown",
  current: "what the store holds is what is shown, a while after it answers again",
  asked: "a refresh that is through has brought what the store held after it was asked for",
  together: "all handles always show one and the same version",
  once: "a callback runs once per change",
  newest: "a callback is shown the newest change, and never goes back in time",
  single: "a callback runs one at a time, and not after its end",
  retried: "a callback that failed is run again, as often as promised",
  delivered: "when all is quiet, the last change delivered is what is revealed",
  flight: "at most one read of a name is in flight",
  limits: "every call ends within its time limit",
  errors: "a call fails with a SecretError of a code that is promised",
  closed: "close() ends everything",
  told: "events say what happened",
} as const

/** Fails, with the sentence that does not hold and what was seen instead. */
export function holds(
  promise: keyof typeof PROMISES,
  condition: boolean,
  seen: () => string,
): asserts condition {
  if (!condition) throw new Error(`it does not hold that ${PROMISES[promise]}: ${seen()}`)
}
