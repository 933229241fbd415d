import { isSecretError } from "../core/index.ts"
import type { Finding } from "./findings.ts"
import type { Field } from "./plan.ts"
import type { SecretRequest, SecretsReader } from "./secrets-reader.ts"
import { layersOf, placesOf } from "./store-names.ts"

/** Where a value that was refused came from. */
export interface Home {
  readonly place: string
  /** The places that were not looked into, because this one had the secret. */
  readonly hidden: readonly string[]
}

/**
 * Finds out from which place of a layered store each refused secret came, by asking for it once more without a schema:
 * the version of the answer begins with the layer's index. One that has gone since, or fails now, has no home.
 */
export async function homesOf(
  findings: readonly Finding[],
  secrets: SecretsReader,
): Promise<ReadonlyMap<Field, Home>> {
  const homes = new Map<Field, Home>()
  const { location } = secrets.store
  if (placesOf(location).length < 2) return homes
  const refused = findings.flatMap(finding =>
    finding.kind === "failed" && finding.error.code === "INVALID_VALUE" ? [finding.field] : [],
  )
  if (refused.length === 0) return homes

  // As bytes, because any value can be had as those.
  const requests = refused.flatMap(({ mark }, index): [string, SecretRequest][] =>
    mark.kind === "secret" ? [[`field${index}`, { name: mark.name, format: "bytes" }]] : [],
  )
  const answers = await secrets.getManySettled(Object.fromEntries(requests))
  for (const [index, field] of refused.entries()) {
    const answer = answers[`field${index}`]
    if (answer === undefined || isSecretError(answer)) continue
    const home = homeOf(location, answer.status.version)
    if (home !== undefined) homes.set(field, home)
  }
  return homes
}

/** The place that a version of a layered store belongs to: `"1:0:v3"` is in the first layer of the second one. */
function homeOf(location: string, version: string): Home | undefined {
  const layers = layersOf(location)
  if (layers.length === 0) return { place: location, hidden: [] }
  const [, index, rest] = /^(\d+):(.*)$/s.exec(version) ?? []
  const layer = layers[Number(index)]
  const home = layer === undefined || rest === undefined ? undefined : homeOf(layer, rest)
  if (home === undefined) return undefined
  return { place: home.place, hidden: [...home.hidden, ...layers.slice(Number(index) + 1).flatMap(placesOf)] }
}
