/** A span of time for people: `0.3 s`, `4 min`, `2 h`, `3 d`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1_000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** A time for people, from now: `in 4 min`, `2 h ago`, `now`. */
export function fromNow(date: Date, now: Date): string {
  const ahead = date.getTime() - now.getTime()
  if (Math.abs(ahead) < 500) return "now"
  return ahead > 0 ? `in ${span(ahead)}` : `${span(-ahead)} ago`
}
