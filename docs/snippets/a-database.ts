/** What a connection pool of any driver looks like, for the snippets. */
export class Pool {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async query(text: string): Promise<void> {
    console.log(text, "at", new URL(this.#url).host)
  }

  async end(): Promise<void> {}
}
