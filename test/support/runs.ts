import type { Input, Scene } from './scene.ts'

/** What the API answers to a list of events. */
export interface Answers {
  applied: number
  duplicates: number
  invalid: number
  results: { uid: string | null; status: string; issues?: { path: string; message: string }[] }[]
}

export interface RunWorld {
  /** Makes a rule on runs with a channel of its own name; gives its id. */
  rule(name: string, definition: Input): Promise<string>
  /** Tells of a run. */
  tell(uid: string, event: Input): Promise<Answers>
  tellAll(events: Input[]): Promise<Answers>
  /** Titles of the messages that a rule sent, once there are so many. */
  titles(name: string, count: number): Promise<string[]>
}

/** Rules on runs in a scene. */
export function runWorld(scene: Scene): RunWorld {
  return {
    async rule(name, definition) {
      await scene.channel(name)
      const { id } = await scene.api<{ id: string }>('POST', '/rules', {
        name,
        routes: [{ channel: name }],
        ...definition,
      })
      return id
    },
    tell: (uid, event) => scene.api<Answers>('POST', `/runs/${encodeURIComponent(uid)}/events`, { events: [event] }),
    tellAll: (events) => scene.api<Answers>('POST', '/runs/events', { events }),
    titles: async (name, count) => (await scene.delivered(count, name)).map(({ data }) => data.title),
  }
}
