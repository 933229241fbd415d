import type { RotationJournal, SecretValue } from "../../../src/core/index.ts"
import type { Answer, Step } from "../../../src/rotation/protocol/steps.ts"
import type { Terms } from "../../../src/rotation/protocol/terms.ts"

/** Time that every consumer is given to read a new value, in the time of the model. */
const GRACE = 10
const LEASE = 100
const MARGIN = 1
/** How far the clock jumps: past every lease and every grace. */
export const JUMP = 1_000

/** One version of the secret. `by` is who wrote it: a rotation, or a person. */
export interface ModelVersion {
  readonly version: number
  readonly value: string
  readonly by: string
}

/** A credential at the far side. */
export interface ModelCredential {
  readonly value: string
  readonly label?: string
  readonly alive: boolean
}

/** Everything outside of the replicas. */
export interface World {
  now: number
  versions: ModelVersion[]
  journal?: RotationJournal
  parked: Record<string, string>
  /** By id. The id is not the value: nobody can tell one from the other without asking. */
  far: Record<string, ModelCredential>
  /** Since when each value that was current once has not been it any more. */
  replacedAt: Record<string, number>
  /** The highest fence that the far side was shown. */
  fence: number
  minted: number
  created: number
  parkings: number
  told: string[]
  /** What must never happen, and did. */
  broken: string[]
}

/** What kind of plan and store are explored. */
export interface Setting {
  readonly name: string
  readonly kind: Terms["kind"]
  readonly overlap?: boolean
  readonly labels?: boolean
  readonly lists?: boolean
  readonly exclusive?: boolean
  readonly identifies?: boolean
  readonly promotion?: Terms["promotion"]
  /** Whether promoting writes the journal in the same step. */
  readonly journaled?: boolean
  readonly parkElects?: boolean
  readonly publishes?: boolean
  /** Whether the far side refuses steps that come late. Default: it does. */
  readonly fenced?: boolean
}

/** Faults that are planted to see that the explorer finds them. */
export interface Planted {
  readonly unconditionalPromotion?: boolean
  readonly parkOverwrites?: boolean
  /** The journal is guarded by the wall clock instead of by compare-and-set: whoever finds the lease over may write. */
  readonly journalByClock?: boolean
}

export function newWorld(): World {
  return {
    now: 0,
    versions: [{ version: 1, value: "first", by: "person" }],
    parked: {},
    far: { first: { value: "first", alive: true } },
    replacedAt: {},
    fence: 0,
    minted: 0,
    created: 0,
    parkings: 0,
    told: [],
    broken: [],
  }
}

/** A world of its own, in which steps may be carried out. What a world consists of is never changed itself. */
export function copyOf(world: World): World {
  const { versions, parked, far, replacedAt, told, broken } = world
  return {
    ...world,
    versions: [...versions],
    parked: { ...parked },
    far: { ...far },
    replacedAt: { ...replacedAt },
    told: [...told],
    broken: [...broken],
  }
}

export const current = (world: World): ModelVersion => world.versions.at(-1) as ModelVersion

export function termsOf(setting: Setting): Terms {
  const { kind, overlap = true, labels = false, lists = labels, exclusive = false } = setting
  return {
    kind,
    overlap,
    labels,
    lists,
    exclusive,
    identifies: setting.identifies ?? false,
    applies: kind === "generated",
    revokes: kind === "minted" || overlap,
    verifiesOld: overlap,
    promotion: setting.promotion ?? "conditional",
    ...(setting.publishes
      ? { publish: (now, candidate) => `${String(now).split("+")[0]}+${candidate}` }
      : {}),
    propagation: GRACE,
    grace: overlap ? GRACE : 0,
    lease: LEASE,
    margin: MARGIN,
    deadlines: { make: 1, apply: 1, revoke: 1, store: 1 },
    backoff: () => 0,
    rotationId: (claimSeq, attempt) => `r${claimSeq}.${attempt}`,
    label: rotationId => rotationId,
    isOurLabel: () => true,
    same: (one, other) => one === other,
  }
}

/** The credential that readers of this value use. */
export function currentKey(value: SecretValue): string {
  return String(value).split(/[+~]/)[0] ?? ""
}

/** What the far side would say to whoever comes with this value. */
export function accepts(world: World, value: string): boolean {
  const key = currentKey(value)
  return Object.values(world.far).some(credential => credential.value === key && credential.alive)
}

/** Carries out one step, at once and as a whole, and gives its answer. */
export function perform(world: World, step: Step, setting: Setting, planted: Planted): Answer {
  switch (step.do) {
    case "load":
      return { journal: world.journal, at: world.now, byStore: true, monotonic: world.now }
    case "save":
      return save(world, step.journal, planted)
    case "main":
      return main(world, step.version)
    case "kept":
      return kept(world, step, setting)
    case "former":
      return kept(
        world,
        { do: "kept", rotationId: step.rotationId, reference: `version:${step.base}` },
        setting,
      )
    case "create":
      world.created += 1
      return { value: `key-${world.created}`, id: `id-key-${world.created}` }
    case "mint":
      return mint(world, step.rotationId, setting)
    case "park":
      return park(world, step.rotationId, String(step.value), setting, planted)
    case "list":
      return Object.entries(world.far)
        .filter(([, { alive }]) => alive)
        .map(([id, { label }]) => ({ id, ...(label === undefined ? {} : { label }) }))
    case "identify":
      return idOf(world, String(step.value))
    case "revoke":
      return revoke(world, step.credential.id ?? idOf(world, String(step.credential.value)))
    case "apply":
      return apply(world, step, setting)
    case "verify":
      return accepts(world, String(step.credential.value)) ? "works" : "refused"
    case "verifyOld":
      return isRefused(world, step.credential) ? "refused" : "works"
    case "promote":
      return promote(world, step, setting, planted)
    case "since":
      return world.versions
        .filter(({ version }) => version > Number(step.base ?? 0))
        .map(({ version, by }) => ({
          version: String(version),
          ...(by === "person" ? {} : { rotationId: by }),
        }))
    case "discard":
      for (const reference of Object.keys(world.parked)) {
        if (reference.split("#")[0] === step.rotationId) delete world.parked[reference]
      }
      return undefined
    case "tell":
      tell(world, step.notice.about)
      return undefined
  }
}

function save(world: World, journal: RotationJournal, { journalByClock }: Planted): Answer {
  const { journal: before } = world
  const isFree = before === undefined || before.owner === journal.owner || before.leaseUntil < world.now
  const mayWrite = journalByClock ? isFree : (before?.seq ?? 0) === journal.seq - 1
  if (!mayWrite) return { saved: false }
  world.journal = journal
  // Whoever is blocked for it is told to look.
  if (journal.reason === "possible-orphan") tell(world, "orphans-left")
  return { saved: true, sent: world.now }
}

function tell(world: World, about: string): void {
  world.told = [...new Set([...world.told, about])].sort()
}

function main(world: World, version: string | undefined): Answer {
  const found =
    version === undefined ? current(world) : world.versions.find(one => String(one.version) === version)
  return found === undefined ? {} : { version: String(found.version), value: found.value }
}

function kept(world: World, { rotationId, reference }: Step & { do: "kept" }, setting: Setting): Answer {
  if (reference?.startsWith("version:")) {
    const found = world.versions.find(({ version }) => `version:${version}` === reference)
    return found === undefined ? undefined : { reference, value: found.value }
  }
  const place = reference ?? (setting.parkElects === false ? undefined : rotationId)
  const value = place === undefined ? undefined : world.parked[place]
  return place === undefined || value === undefined ? undefined : { reference: place, value }
}

function mint(world: World, rotationId: string, { labels }: Setting): Answer {
  world.minted += 1
  const [id, value] = [`c${world.minted}`, `token-${world.minted}`]
  world.far[id] = { value, alive: true, ...(labels ? { label: rotationId } : {}) }
  return { id, value }
}

function park(
  world: World,
  rotationId: string,
  value: string,
  setting: Setting,
  { parkOverwrites }: Planted,
): Answer {
  if (setting.parkElects === false) {
    world.parkings += 1
    const reference = `${rotationId}#${world.parkings}`
    world.parked[reference] = value
    return { reference, mine: true }
  }
  // A store whose candidates lie under one path for each secret is the fault that overwrites.
  const place = rotationId
  if (parkOverwrites || world.parked[place] === undefined) {
    world.parked[place] = value
    return { reference: place, mine: true }
  }
  return { reference: place, mine: world.parked[place] === value }
}

/** How the far side calls what has this value; what was made here and not applied yet can be told as well. */
function idOf(world: World, given: string): string | undefined {
  const value = currentKey(given)
  if (value.startsWith("key-")) return `id-${value}`
  return Object.entries(world.far).find(([, credential]) => credential.value === value)?.[0]
}

function revoke(world: World, id: string | undefined): Answer {
  // Whatever comes later with what was known before is late.
  world.fence = Math.max(world.fence, world.journal?.seq ?? 0)
  const credential = id === undefined ? undefined : world.far[id]
  if (id === undefined || credential === undefined || !credential.alive) return undefined
  world.far[id] = { ...credential, alive: false }
  if (credential.value === currentKey(current(world).value))
    world.broken.push(`revoked ${id}, which is in use`)
  const since = world.replacedAt[credential.value]
  const inHaste = world.journal?.compromised === true
  if (!inHaste && since !== undefined && world.now < since + GRACE)
    world.broken.push(`revoked ${id} within its grace`)
  return undefined
}

function apply(
  world: World,
  { credential, current: old, fence }: Step & { do: "apply" },
  { overlap = true, fenced = true }: Setting,
): Answer {
  const value = String(credential.value)
  const id = credential.id ?? `id-${value}`
  const inForce = world.far.account?.value ?? "first"
  const isOld = old !== undefined && inForce === String(old.value)
  // With an overlap each has a place of its own. Without one the new one ends the old one, in one step with the fence.
  const comesLate = overlap ? fence < world.fence : fence <= world.fence || !(isOld || inForce === value)
  if (fenced && comesLate) throw new Error("the far side refuses a change that comes late")
  world.fence = Math.max(world.fence, fence)
  if (!overlap) world.far = { account: { value, alive: true } }
  // What was ended is not brought back by the same request once more.
  else if (world.far[id] === undefined) world.far[id] = { value, alive: true }
  return undefined
}

function isRefused(world: World, { id, value }: { id?: string; value?: unknown }): boolean {
  if (id !== undefined) return world.far[id]?.alive !== true
  return value === undefined || !accepts(world, String(value))
}

function promote(world: World, step: Step & { do: "promote" }, setting: Setting, planted: Planted): Answer {
  const before = current(world)
  const asExpected = step.expectBase === String(before.version)
  const unconditional = setting.promotion === "detected" || planted.unconditionalPromotion
  if (!asExpected && !unconditional) return "refused"
  const version = before.version + 1
  const promoted = { version: String(version), previous: `version:${before.version}` }
  if (setting.journaled) {
    const journal = step.journal(promoted)
    if ((world.journal?.seq ?? 0) !== journal.seq - 1) return "refused"
    world.journal = journal
  }
  const value = String(step.value)
  writeVersion(world, { version, value, by: step.rotationId })
  // Without a condition a write that comes late cannot be kept out: it has to be put right in the end.
  if (setting.promotion !== "detected" && setting.overlap !== false && !accepts(world, value)) {
    world.broken.push(`the secret holds ${value}, which the far side refuses`)
  }
  if (before.by === "person" && !asExpected && setting.promotion !== "detected") {
    world.broken.push("wrote over what a person had changed")
  }
  return { ...promoted, journaled: setting.journaled ?? false }
}

/** Makes another version the current one. */
export function writeVersion(world: World, next: ModelVersion): void {
  const [before, after] = [current(world).value, next.value].map(currentKey)
  if (before !== undefined && after !== undefined && before !== after) {
    world.replacedAt[before] = world.now
    delete world.replacedAt[after]
  }
  world.versions.push(next)
}
