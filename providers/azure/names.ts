import { doubleHyphenNames, type NameRule } from "../../src/core/index.ts"

/**
 * Names in a vault: letters, digits and hyphens, at most 127, no matter which case ("Azure Key Vault keys, secrets and
 * certificates overview", vault-name and object-name). The SDK sends whatever it is given, so the rule is held here.
 */
export const secretNames: NameRule = doubleHyphenNames({
  rule: 'a name in Key Vault is 1 to 127 of a-z, 0-9 and "-", where "/" is written "--"',
  holds: native => /^[0-9a-z-]{1,127}$/i.test(native),
  fold: native => native.toLowerCase(),
})

/** A name that no secret has, because its first segment is reserved. */
export const NOBODYS_NAME = "latchkey--ping"
