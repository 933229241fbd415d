import { SecretError, type StoredSecret } from "../../src/core/index.ts"
import type { Homes, Layer } from "./homes.ts"
import { isAbsent, type LayerAnswer, readOne, readSeveral } from "./read-layer.ts"
import { joinVersion } from "./version.ts"

/** Where a secret was looked for: the layer that has it and what it says, or what each layer said that has not. */
export type Found =
  | { readonly layer: Layer; readonly answer: LayerAnswer }
  | { readonly layer: undefined; readonly absences: readonly SecretError[] }

/** Asks one layer after the other for one secret. An error other than "not there" ends the search: it may be there. */
export async function find(homes: Homes, name: string, signal: AbortSignal): Promise<Found> {
  const absences: SecretError[] = []
  for (const layer of homes.layers.filter(one => homes.mayBeIn(name, one))) {
    const answer = await readOne(layer.store, name, signal)
    homes.learn(name, layer, answer)
    if (!isAbsent(answer)) return { layer, answer }
    absences.push(answer)
  }
  return { layer: undefined, absences }
}

/** The same for many secrets, each layer in as few calls as it allows, and only for what no layer above has. */
export async function findSeveral(
  homes: Homes,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, StoredSecret | SecretError>> {
  const found = new Map<string, StoredSecret | SecretError>()
  const absences = new Map<string, SecretError[]>(names.map(name => [name, []]))
  for (const layer of homes.layers) {
    const asked = names.filter(name => !found.has(name) && homes.mayBeIn(name, layer))
    for (const [name, answer] of await readSeveral(layer.store, asked, signal)) {
      homes.learn(name, layer, answer)
      if (isAbsent(answer)) absences.get(name)?.push(answer)
      else found.set(name, inLayer(layer, answer))
    }
  }
  for (const [name, all] of absences) {
    if (!found.has(name)) found.set(name, nowhere(homes, name, all))
  }
  return found
}

/** A layer's answer with the layer in its version. */
export function inLayer({ place }: Layer, answer: LayerAnswer): LayerAnswer {
  if ("code" in answer) return answer
  return { ...answer, version: joinVersion({ layer: place, version: answer.version }) }
}

/** The error for a secret that no layer has, with what each of them says one can do. */
export function nowhere(homes: Homes, name: string, absences: readonly SecretError[]): SecretError {
  const home = homes.of(name)
  if (home !== undefined) {
    return new SecretError("NOT_FOUND", {
      message: `it was in ${home.store.location} and is there no longer`,
      hint: "a secret stays with the layer in which it was found, until the process starts again",
    })
  }
  const hints = new Set(absences.filter(one => one.code === "NOT_FOUND").map(one => one.hint))
  hints.delete(undefined)
  return new SecretError("NOT_FOUND", {
    message: "no layer has it",
    hint: hints.size === 0 ? undefined : [...hints].join(", or "),
  })
}
