import type { Budget } from "./situation.ts"
import type { Setting } from "./world.ts"

/** Every kind of plan, on every kind of store. */
export const SETTINGS: readonly Setting[] = [
  { name: "a generated credential", kind: "generated", identifies: true },
  { name: "a generated credential without an id", kind: "generated" },
  { name: "a generated credential without an overlap", kind: "generated", overlap: false },
  { name: "a set of keys that is published first", kind: "generated", publishes: true, identifies: true },
  {
    name: "a set of keys that is published with its journal",
    kind: "generated",
    publishes: true,
    identifies: true,
    journaled: true,
    parkElects: false,
  },
  {
    name: "a set of keys, published without a condition",
    kind: "generated",
    publishes: true,
    identifies: true,
    promotion: "detected",
  },
  { name: "a minted credential with a label", kind: "minted", labels: true },
  { name: "a minted credential with a label and an id", kind: "minted", labels: true, identifies: true },
  {
    name: "a minted credential in an account of its own",
    kind: "minted",
    lists: true,
    exclusive: true,
    identifies: true,
  },
  { name: "a minted credential that cannot be listed", kind: "minted" },
  {
    name: "a generated credential, promoted without a condition",
    kind: "generated",
    identifies: true,
    promotion: "detected",
  },
  {
    name: "a minted credential, promoted without a condition",
    kind: "minted",
    labels: true,
    identifies: true,
    promotion: "detected",
  },
  {
    name: "a minted credential, promoted with its journal",
    kind: "minted",
    labels: true,
    identifies: true,
    journaled: true,
    parkElects: false,
  },
  {
    name: "a generated credential, promoted with its journal",
    kind: "generated",
    identifies: true,
    journaled: true,
    parkElects: false,
  },
]

/** What happens in an exploration. */
export interface Misfortunes {
  readonly name: string
  readonly budget: Budget
}

const NONE: Budget = { crashes: 0, lost: 0, jumps: 1, edits: 0, claims: 1 }

/** One misfortune of each kind, with a leap of time: explored with every run of the tests. */
export const SINGLE: readonly Misfortunes[] = [
  { name: "one dies", budget: { ...NONE, crashes: 1 } },
  { name: "an answer is lost", budget: { ...NONE, lost: 1 } },
  { name: "a request comes late", budget: { ...NONE, late: 1, switches: 2 } },
  { name: "one ends in good order", budget: { ...NONE, leaves: 1 } },
  { name: "a person writes", budget: { ...NONE, edits: 1 } },
  { name: "a person goes back", budget: { ...NONE, wishes: ["rollback"], switches: 2 } },
  { name: "a person gives it up", budget: { ...NONE, wishes: ["abort"], switches: 2 } },
  { name: "a person ends the grace", budget: { ...NONE, wishes: ["compromised"], switches: 2 } },
]

/** Nothing goes wrong, and time leaps past the propagation of a key, and then past the grace. */
export const CALM: Budget = { ...NONE, jumps: 2 }

/** More at once, and longer: explored on demand. */
export const MORE: readonly Misfortunes[] = [
  { name: "time leaps twice", budget: { ...NONE, jumps: 2 } },
  { name: "one ends in good order, and one dies", budget: { ...NONE, leaves: 1, crashes: 1 } },
  { name: "one ends in good order, and an answer is lost", budget: { ...NONE, leaves: 1, lost: 1 } },
  {
    name: "one ends in good order, and a request comes late",
    budget: { ...NONE, leaves: 1, late: 1, switches: 4 },
  },
  { name: "one dies, and time leaps twice", budget: { ...NONE, crashes: 1, jumps: 2 } },
  { name: "one dies, and an answer is lost", budget: { ...NONE, crashes: 1, lost: 1 } },
  { name: "a person writes, and one dies", budget: { ...NONE, edits: 1, crashes: 1 } },
  { name: "a person writes, and gives it up", budget: { ...NONE, edits: 1, wishes: ["abort"] } },
  { name: "a person writes, and goes on", budget: { ...NONE, edits: 1, wishes: ["resume"] } },
  { name: "one dies, and a person goes on", budget: { ...NONE, crashes: 1, wishes: ["resume"] } },
  { name: "a request comes late, and time leaps twice", budget: { ...NONE, late: 1, jumps: 2, switches: 5 } },
  { name: "a person goes back, between more turns", budget: { ...NONE, wishes: ["rollback"], switches: 4 } },
  { name: "a person gives it up, between more turns", budget: { ...NONE, wishes: ["abort"], switches: 4 } },
  {
    name: "a person ends the grace, between more turns",
    budget: { ...NONE, wishes: ["compromised"], switches: 4 },
  },
  { name: "two rotations", budget: { ...NONE, jumps: 3, claims: 2, switches: 5 } },
]
