import type { Parameters } from "fast-check"

const { LATCHKEY_MODEL_RUNS, LATCHKEY_MODEL_SEED, LATCHKEY_MODEL_PATH } = process.env

/**
 * How a model is run: so many random stories, or `LATCHKEY_MODEL_RUNS` of them. A failure prints its seed and path;
 * `LATCHKEY_MODEL_SEED` and `LATCHKEY_MODEL_PATH` tell that one story again.
 */
export function runs<T>(usual: number): Parameters<T> {
  return {
    numRuns: LATCHKEY_MODEL_RUNS === undefined ? usual : Number(LATCHKEY_MODEL_RUNS),
    ...(LATCHKEY_MODEL_SEED === undefined ? {} : { seed: Number(LATCHKEY_MODEL_SEED) }),
    ...(LATCHKEY_MODEL_PATH === undefined ? {} : { path: LATCHKEY_MODEL_PATH, endOnFailure: true }),
  }
}

/** The time limit of a test that runs a model, in milliseconds: none that matters when more runs are asked for. */
export const TIME_LIMIT: number = LATCHKEY_MODEL_RUNS === undefined ? 60_000 : 7_200_000
