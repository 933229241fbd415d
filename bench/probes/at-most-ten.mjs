/**
 * Reads all names with ten calls at once, as latchkey does.
 *
 * @param {number} count
 * @param {(name: string) => Promise<string | undefined>} read
 */
export async function atMostTen(count, read) {
  const names = Array.from({ length: count }, (_, index) => `service/token-n${index}`)
  const waiting = [...names]
  await Promise.all(
    Array.from({ length: Math.min(10, count) }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        if ((await read(name)) !== `value of ${name}`) process.exitCode = 1
    }),
  )
}
