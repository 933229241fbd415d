import type { Version } from "../../src/core/index.ts"

/** A version of a secret in one layer. */
export interface LayerVersion {
  /** The place of the layer, from 0. */
  readonly layer: number
  readonly version: Version
}

/** The version as a whole: `"0:v3"`. It means what it says for as long as the layers stay in their order. */
export function joinVersion({ layer, version }: LayerVersion): Version {
  return `${layer}:${version}`
}

/** The way back; nothing for what was never a version here. */
export function splitVersion(joined: Version): LayerVersion | undefined {
  const parts = /^(0|[1-9]\d{0,3}):([\s\S]*)$/.exec(joined)
  return parts === null ? undefined : { layer: Number(parts[1]), version: parts[2] as string }
}
