import { SecretError } from "../../../src/core/index.ts"
import { shell } from "../names.ts"
import type { Engine } from "./engine.ts"
import { ifPermitted, isRefused } from "./failures.ts"
import { SHORTEST_AGE, tooShortAge } from "./journals.ts"
import { asPolicy, type Demand, demandsFor } from "./permissions.ts"
import { placesOf } from "./places.ts"

/**
 * Sees, without changing anything, that a rotation of this secret would not fail half-way for what can be known before: what
 * it may not do, a secret that is deleted and still holds its name, a mount that forgets within days.
 *
 * @throws SecretError `DENIED` with the rules that the policy lacks; `MISCONFIGURED`; VaultFailure
 */
export async function checkRotation(
  engine: Engine,
  mount: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const all = demandsFor(mount, name, { exists: false, forgets: false })
  await reading(() => engine.look(placesOf(name).journal, signal), all)
  const { found, deleted } = await reading(() => engine.look(name, signal), all)
  if (deleted) throw deletedSecret(mount, name)

  const config = await ifPermitted(engine.config(signal))
  const forgets = config !== undefined && config.deleteVersionAfter > 0
  if (forgets && config.deleteVersionAfter < SHORTEST_AGE) throw tooShortAge()

  const demands = demandsFor(mount, name, { exists: found !== undefined, forgets })
  const lacking = await ifPermitted(lackingOf(engine, demands, signal))
  if (lacking !== undefined && lacking.length > 0) throw denied(lacking)
}

/** Whoever may not even read is told at once of all that is needed. */
async function reading<T>(ask: () => Promise<T>, demands: readonly Demand[]): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    throw isRefused(thrown) ? denied(demands) : thrown
  }
}

/** What the token's policies lack of what is demanded. */
async function lackingOf(
  engine: Engine,
  demands: readonly Demand[],
  signal: AbortSignal,
): Promise<readonly Demand[]> {
  // What stands behind a star is asked for one path below it.
  const example = (path: string): string => path.replace(/\*$/, "check")
  const held = await engine.capabilities(
    demands.map(({ path }) => example(path)),
    signal,
  )
  return demands
    .map(({ path, capabilities }) => {
      const has = held.get(example(path)) ?? []
      const lacks = has.includes("root") ? [] : capabilities.filter(one => !has.includes(one))
      return { path, capabilities: lacks }
    })
    .filter(({ capabilities }) => capabilities.length > 0)
}

function denied(demands: readonly Demand[]): SecretError {
  return new SecretError("DENIED", {
    message: "this identity may not do what a rotation of this secret needs",
    hint: `a policy of this identity needs: ${demands.map(asPolicy).join(" ")}; docs/permissions.md has all of them`,
  })
}

function deletedSecret(mount: string, name: string): SecretError {
  const at = `-mount=${shell(mount)}`
  return new SecretError("MISCONFIGURED", {
    message: "the current version of the secret is deleted, and its name still taken",
    hint: `vault kv undelete ${at} brings it back, and vault kv metadata delete ${at} ${shell(name)} frees its name`,
  })
}
