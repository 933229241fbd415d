import { type NativeLedger, SecretError, type SecretValue } from "../../../src/core/index.ts"
import { mapOf } from "../value.ts"
import type { Engine } from "./engine.ts"
import { before, isMismatch } from "./failures.ts"
import { placesOf } from "./places.ts"

/** What can be kept: text, as in a plain write. @throws SecretError `UNSUPPORTED` */
export function refuseBytes(value: SecretValue): asserts value is string {
  if (typeof value === "string") return
  throw new SecretError("UNSUPPORTED", {
    message: "bytes cannot be stored here",
    hint: "let the plan make text, base64 for example",
  })
}

/** Candidates, each under a name of its own that is written once; and what was kept of former values. */
export function candidatesIn(
  engine: Engine,
): Required<Pick<NativeLedger, "park" | "kept" | "former" | "discard">> {
  const kept: NativeLedger["kept"] = async (name, { rotationId, reference, signal }) => {
    const places = placesOf(name)
    const named = places.named(reference ?? places.candidate(rotationId))
    if (named === undefined) return undefined
    const isVersion = named.kind === "version"
    const { found } = isVersion
      ? await engine.look(name, signal, named.version)
      : await engine.look(named.path, signal)
    if (found === undefined) return undefined
    return { reference: isVersion ? places.version(named.version) : named.path, value: found.value }
  }

  return {
    async park(name, { rotationId, value, signal }) {
      refuseBytes(value)
      const reference = placesOf(name).candidate(rotationId)
      try {
        await engine.put(reference, mapOf(value), 0, signal)
        return { reference, mine: true }
      } catch (thrown) {
        if (!isMismatch(thrown)) throw thrown
      }
      const { found } = await before(engine.look(reference, signal))
      if (found === undefined) throw removed()
      return { reference, mine: found.value === value }
    },
    kept,
    async former(name, { rotationId, base, signal }) {
      const places = placesOf(name)
      const copied = await kept(name, { rotationId, reference: places.copy(rotationId, base), signal })
      // Copied where it would not stay as a version.
      return copied ?? (await kept(name, { rotationId, reference: places.version(base), signal }))
    },
    async discard(name, { rotationId, reference, signal }) {
      const places = placesOf(name)
      const folder = places.copies(rotationId)
      const copies = (await before(engine.list(folder, signal))).map(copy => folder + copy)
      const named = reference === undefined ? undefined : places.named(reference)
      // Versions of the secret are its own, and go when the engine keeps no more of them.
      const other = named?.kind === "kept" ? [named.path] : []
      for (const path of new Set([...copies, ...other, places.candidate(rotationId)]))
        await engine.remove(path, signal)
    },
  }
}

function removed(): SecretError {
  return new SecretError("CONFLICT", {
    message: "the candidate of this rotation was deleted",
    hint: "if a person did it: vault kv undelete brings it back, and vault kv metadata delete lets a new one be made",
  })
}
