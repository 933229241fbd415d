import { isSecretError, type Pinned, type Secret } from "../core/index.ts"

/** What vitest and jest hand to an equality tester as `this`. */
export interface EqualityContext<Tester> {
  equals(one: unknown, other: unknown, testers?: Tester[]): boolean
}

/**
 * Makes `toEqual` and its relatives tell secrets apart. Without it two different secrets are always equal to them,
 * because nothing of a secret is there to be compared.
 *
 * Two secrets are equal if they have the same name, the same version and the same value; so are two pinned ones. Where
 * neither can be revealed any more, the same error takes the place of the value. A secret is equal to nothing else.
 *
 * ```ts
 * expect.addEqualityTesters([secretsEqual])
 * ```
 */
export function secretsEqual<Tester>(
  this: EqualityContext<Tester>,
  one: unknown,
  other: unknown,
  testers?: Tester[],
): boolean | undefined {
  const [kind, otherKind] = [kindOf(one), kindOf(other)]
  if (kind === undefined && otherKind === undefined) return undefined
  if (kind !== otherKind) return false
  const [a, b] = [shownBy(one as Revealing), shownBy(other as Revealing)]
  if (a.name !== b.name || a.version !== b.version || a.refused !== b.refused) return false
  return this.equals(a.value, b.value, testers)
}

type Revealing = (Secret<unknown> | Pinned<unknown>) & { readonly name?: string }

function kindOf(thing: unknown): "secret" | "pinned" | undefined {
  if (typeof thing !== "object" || thing === null) return undefined
  if (!("reveal" in thing) || typeof thing.reveal !== "function") return undefined
  if ("onRotate" in thing) return "secret"
  return "version" in thing ? "pinned" : undefined
}

function shownBy(secret: Revealing): { name: unknown; version: unknown; value: unknown; refused: unknown } {
  const version = "version" in secret ? secret.version : secret.status.version
  const seen = { name: secret.name, version, value: undefined, refused: undefined }
  try {
    return { ...seen, value: secret.reveal() }
  } catch (thrown) {
    if (!isSecretError(thrown)) throw thrown
    return { ...seen, refused: thrown.code }
  }
}
