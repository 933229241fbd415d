import {
  type CallOptions,
  type CurrentSecret,
  isSecretError,
  type JournalKeeper,
  type NativeLedger,
  type RotationLedger,
  SecretError,
  type SecretStore,
} from "../../src/core/index.ts"
import type { Homes, Layer } from "./homes.ts"
import { isAbsent, readOne } from "./read-layer.ts"
import { firstThatWrites, homeOf, shadowed } from "./write.ts"

/**
 * The ledger of layers: that of the layer in which a secret lives, and for a new one that of the layer to which it would
 * be written. Versions are the layer's own, so that a journal means the same to a program that knows the layer alone.
 *
 * @throws SecretError `MISCONFIGURED` where two layers rotate in different ways, because whoever rotates has to know
 * beforehand in which; and what a layer throws that is the only one.
 */
export function layeredLedger(homes: Homes): NativeLedger {
  const first = oneKindOf(homes.layers)

  /** The layer of a secret, and its ledger. */
  async function place(name: string, signal: AbortSignal): Promise<Placed> {
    const layer = (await homeOf(homes, name, signal)) ?? firstThatWrites(homes, name)
    return { layer, ledger: ledgerOf(layer) }
  }
  const ledger = async (name: string, { signal }: CallOptions) => (await place(name, signal)).ledger

  const journals: JournalKeeper = {
    location: homes.layers.flatMap(layer => rotationOf(layer)?.journals?.location ?? []).join(", "),
    load: async (name, options) => await journalsOf(await ledger(name, options)).load(name, options),
    save: async (name, journal, options) =>
      await journalsOf(await ledger(name, options)).save(name, journal, options),
  }

  return {
    promotion: first.promotion,
    ...(first.rotationsPerDay === undefined ? {} : { rotationsPerDay: first.rotationsPerDay }),
    ...(first.journals && { journals }),
    async check(name, options) {
      const { layer, ledger: own } = await place(name, options.signal)
      await refuseShadow(homes, name, layer, options.signal)
      await own.check(name, options)
    },
    async current(name, options) {
      const { layer, ledger: own } = await place(name, options.signal)
      return own.current === undefined
        ? await readCurrent(layer.store, name, options)
        : await own.current(name, options)
    },
    async placeOf(name, options) {
      const { layer, ledger: own } = await place(name, options.signal)
      return (await own.placeOf?.(name, options)) ?? `${layer.store.location} ${name}`
    },
    permissions: name => ledgerOf(homes.of(name) ?? firstThatWrites(homes, name)).permissions(name),
    park: async (name, options) => await (await ledger(name, options)).park(name, options),
    kept: async (name, options) => await (await ledger(name, options)).kept(name, options),
    former: async (name, options) => await (await ledger(name, options)).former(name, options),
    discard: async (name, options) => await (await ledger(name, options)).discard(name, options),
    async promote(name, options) {
      const { layer, ledger: own } = await place(name, options.signal)
      const promoted = await own.promote(name, options)
      homes.settle(name, layer)
      return promoted
    },
    ...(first.since && {
      async since(name, options) {
        const own = await ledger(name, options)
        return (await own.since?.(name, options)) ?? []
      },
    }),
  }
}

interface Placed {
  readonly layer: Layer
  readonly ledger: RotationLedger
}

/** @throws SecretError `UNSUPPORTED` for a layer that cannot rotate; what the layer says of itself, where it has a ledger. */
function ledgerOf(layer: Layer): RotationLedger {
  const { store } = layer
  if (store.rotation === undefined) throw shadowed(layer, "rotated")
  return store.rotation()
}

/** The ledger of a layer, if it has one as it was made. */
function rotationOf({ store }: Layer): RotationLedger | undefined {
  try {
    return store.rotation?.()
  } catch (thrown) {
    if (isSecretError(thrown)) return undefined
    throw thrown
  }
}

/** One of the ledgers, after all were found to be of one kind. */
function oneKindOf(layers: readonly Layer[]): RotationLedger {
  const [first, ...others] = layers.flatMap(layer => rotationOf(layer) ?? [])
  if (first === undefined) {
    // None can: the layer that has a ledger says why it cannot be used.
    const layer = layers.find(({ store }) => store.rotation !== undefined)
    throw layer === undefined
      ? new SecretError("UNSUPPORTED", { message: "none of the layers can rotate" })
      : reasonOf(layer)
  }
  const kindOf = ({ promotion, journals }: RotationLedger) => `${promotion} ${journals !== undefined}`
  if (others.every(one => kindOf(one) === kindOf(first))) return first
  throw new SecretError("MISCONFIGURED", {
    message: "the layers rotate in different ways: not all of them refuse a write that comes too late",
    hint: "rotate with the store of the layer in which the secrets live, and not with the layers",
  })
}

function reasonOf(layer: Layer): unknown {
  try {
    return ledgerOf(layer)
  } catch (thrown) {
    return thrown
  }
}

function journalsOf({ journals }: RotationLedger): JournalKeeper {
  // All layers were found to have them, and ledgers stay what they are.
  if (journals === undefined) throw new SecretError("UNSUPPORTED", { message: "no journals are kept here" })
  return journals
}

/**
 * Refuses a secret that a layer above has as well: it was not there when the secret was found, and programs that start
 * now read that one, which would not be rotated.
 */
async function refuseShadow(homes: Homes, name: string, home: Layer, signal: AbortSignal): Promise<void> {
  for (const layer of homes.layers.slice(0, home.place)) {
    const answer = await readOne(layer.store, name, signal)
    if (isAbsent(answer)) continue
    if (isSecretError(answer) && answer.code !== "DISABLED") throw answer
    throw new SecretError("UNSUPPORTED", {
      message: `it is now set in ${layer.store.location}, too, which hides the one in ${home.store.location}`,
      hint: `remove it from ${layer.store.location}, or start again to rotate it there`,
    })
  }
}

async function readCurrent(
  store: SecretStore,
  name: string,
  { signal }: CallOptions,
): Promise<CurrentSecret | undefined> {
  try {
    const { value, version, expiresAt } = await store.read(name, { signal })
    return { value, version, ...(expiresAt && { expiresAt }) }
  } catch (thrown) {
    if (isSecretError(thrown) && thrown.code === "NOT_FOUND") return undefined
    throw thrown
  }
}
