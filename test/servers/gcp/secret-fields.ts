import { Failure } from "./failure.ts"
import type { SecretMessage } from "./messages.ts"
import type { Secret } from "./state.ts"
import { nanosOf } from "./time.ts"

/** What UpdateSecret may change. */
export type ChangeableFields = Pick<
  Secret,
  "labels" | "annotations" | "aliases" | "topics" | "rotation" | "expires" | "destroyTtl"
>

const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
const ANNOTATION_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u
const MOST_ALIASES = 50
const MOST_LABELS = 64
/** "The total size of annotation keys and values must be less than 16KiB." */
const ANNOTATION_BYTES = 16 * 1024

/**
 * The fields that a mask names, taken from a secret that was sent; a field that is named and not sent is emptied.
 *
 * @param now nanoseconds, from which a `ttl` counts.
 * @throws Failure `INVALID_ARGUMENT` for a path that cannot be changed, and for what breaks the rules of a field; these
 * are the rules in the comments of google/cloud/secretmanager/v1/resources.proto.
 */
export function changedFields(
  sent: SecretMessage,
  paths: readonly string[],
  now: bigint,
): Partial<ChangeableFields> {
  return Object.assign({}, ...paths.map(path => changedField(sent, path, now)))
}

function changedField(sent: SecretMessage, path: string, now: bigint): Partial<ChangeableFields> {
  switch (path) {
    case "labels":
      return { labels: checkedLabels(sent.labels ?? {}) }
    case "annotations":
      return { annotations: checkedAnnotations(sent.annotations ?? {}) }
    case "version_aliases":
      return { aliases: checkedAliases(sent.versionAliases ?? {}) }
    case "topics":
      return { topics: sent.topics ?? [] }
    case "rotation":
      return { rotation: sent.rotation }
    case "expire_time":
    case "ttl":
      return { expires: expiryOf(sent, now) }
    case "version_destroy_ttl":
      return { destroyTtl: sent.versionDestroyTtl && nanosOf(sent.versionDestroyTtl) }
    default:
      throw refused(`Field [${path}] cannot be updated.`)
  }
}

function expiryOf({ expireTime, ttl }: SecretMessage, now: bigint): bigint | undefined {
  if (expireTime !== undefined) {
    if (nanosOf(expireTime) <= now) throw refused("Field [expire_time] must be in the future.")
    return nanosOf(expireTime)
  }
  return ttl && now + nanosOf(ttl)
}

function checkedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const all = Object.entries(labels)
  if (all.length > MOST_LABELS) throw refused(`No more than ${MOST_LABELS} labels can be assigned.`)
  if (!all.every(([key, value]) => LABEL_KEY.test(key) && LABEL_VALUE.test(value))) {
    throw refused("Field [labels] is not in a valid format.")
  }
  return labels
}

function checkedAnnotations(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const all = Object.entries(annotations)
  if (!all.every(([key]) => ANNOTATION_KEY.test(key))) {
    throw refused("A key of field [annotations] is not in a valid format.")
  }
  const size = all.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (size >= ANNOTATION_BYTES) throw refused("The total size of annotations must be less than 16KiB.")
  return annotations
}

function checkedAliases(aliases: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const all = Object.keys(aliases)
  if (all.length > MOST_ALIASES) throw refused(`No more than ${MOST_ALIASES} aliases can be assigned.`)
  if (!all.every(alias => ALIAS.test(alias) && alias !== "latest" && alias !== "NEW")) {
    throw refused("A version alias is not in a valid format.")
  }
  return aliases
}

function refused(message: string): Failure {
  return new Failure("INVALID_ARGUMENT", message)
}
