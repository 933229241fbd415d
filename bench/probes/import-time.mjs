// Probes are JavaScript: compiling TypeScript takes longer than what they measure.
const [, , specifier = ""] = process.argv
const start = performance.now()
await import(specifier)
process.stdout.write(String(performance.now() - start))
