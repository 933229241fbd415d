import {
  isSecretError,
  rebuild,
  type SecretError,
  type SecretErrorCode,
  type SecretStore,
  type StoredSecret,
} from "../../src/core/index.ts"

/** What one layer says of one secret. */
export type LayerAnswer = StoredSecret | SecretError

/** The most single reads that are under way at once in a layer that reads one by one. */
const AT_ONCE = 10

/** What a batch as a whole is refused with, and no single secret may be: whoever asked reads singly then. */
const SINGLY: ReadonlySet<SecretErrorCode> = new Set(["DENIED", "UNSUPPORTED", "THROTTLED"])

/** Whether an answer lets the next layer answer: the secret is not there, or cannot be there. Nothing else does. */
export function isAbsent(answer: LayerAnswer): answer is SecretError {
  return isSecretError(answer) && (answer.code === "NOT_FOUND" || answer.code === "INVALID_NAME")
}

/** Asks one layer for one secret. @throws SecretError `ABORTED`; every other error is an answer. */
export async function readOne(layer: SecretStore, name: string, signal: AbortSignal): Promise<LayerAnswer> {
  try {
    return await layer.read(name, { signal })
  } catch (thrown) {
    return answerOf(thrown, layer)
  }
}

/**
 * Asks one layer for many secrets, in as few calls as it allows.
 *
 * @throws SecretError `ABORTED`; `DENIED`, `UNSUPPORTED`, `THROTTLED` and the like if a batch as a whole was refused, which says
 * nothing of any one secret
 */
export async function readSeveral(
  layer: SecretStore,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, LayerAnswer>> {
  const answers = new Map<string, LayerAnswer>()
  const held: string[] = []
  for (const name of names) {
    const refusal = refusalOf(layer, name)
    if (refusal === undefined) held.push(name)
    else answers.set(name, refusal)
  }
  const batchSize = Math.max(1, layer.capabilities.batchSize)
  for (let from = 0; layer.readMany !== undefined && from < held.length; from += batchSize) {
    for (const [name, answer] of await readBatch(layer, held.slice(from, from + batchSize), signal)) {
      answers.set(name, answer)
    }
  }
  await readOneByOne(
    layer,
    held.filter(name => !answers.has(name)),
    answers,
    signal,
  )
  return answers
}

async function readBatch(
  layer: SecretStore,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LayerAnswer>> {
  try {
    return (await layer.readMany?.(names, { signal })) ?? new Map()
  } catch (thrown) {
    const answer = answerOf(thrown, layer)
    if (SINGLY.has(answer.code) || isAbsent(answer)) throw answer
    return new Map(names.map(name => [name, answer]))
  }
}

async function readOneByOne(
  layer: SecretStore,
  names: readonly string[],
  answers: Map<string, LayerAnswer>,
  signal: AbortSignal,
): Promise<void> {
  const queue = names.values()
  const worker = async () => {
    for (const name of queue) answers.set(name, await readOne(layer, name, signal))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function refusalOf(layer: SecretStore, name: string): SecretError | undefined {
  try {
    layer.canonical(name)
    return undefined
  } catch (thrown) {
    return answerOf(thrown, layer)
  }
}

function answerOf(thrown: unknown, { location }: SecretStore): SecretError {
  const error = rebuild(thrown, { store: location })
  if (error.code === "ABORTED") throw error
  return error
}
