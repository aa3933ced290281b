import type { EvaluationCommit } from './evaluations.ts'
import type { Store } from './index.ts'

/** Parts of what Tocsin remembers that people look at. `alerts` and `evaluations` are named by their rule. */
export const changeKinds = [
  'alerts',
  'evaluations',
  'deliveries',
  'rules',
  'connections',
  'channels',
  'runs',
  'inbox',
] as const
export type ChangeKind = (typeof changeKinds)[number]

/** Something that was changed and is committed. An id of `*` stands for many. */
export interface Change {
  project: string
  kind: ChangeKind
  id: string
}

export type ChangeListener = (change: Change) => void

/** Tells what changes; while nobody listens it costs nothing. */
export interface Changes {
  /** Gives the function that ends it. */
  watch(listener: ChangeListener): () => void
}

type Storing = Omit<Store, 'changes'>
type Act<Args extends unknown[], Result> = (...args: Args) => Promise<Result>

/** The same store, which tells of each change after its commit. */
export function observed(store: Storing): Store {
  const listeners = new Set<ChangeListener>()
  const tell = (project: string, kind: ChangeKind, id: string) => {
    for (const listener of listeners) listener({ project, kind, id })
  }

  /** Runs the function, then has what it changed told. */
  function after<Args extends unknown[], Result>(
    act: Act<Args, Result>,
    told: (result: Result, ...args: Args) => void,
  ): Act<Args, Result> {
    return (...args) =>
      act(...args).then((result) => {
        if (listeners.size > 0) told(result, ...args)
        return result
      })
  }

  /** The same for a function that is given an id, whose project has to be asked for before it is gone. */
  function byId<Rest extends unknown[], Result>(
    kind: ChangeKind,
    find: (id: string) => Promise<{ project: string } | undefined>,
    act: Act<[string, ...Rest], Result>,
  ): Act<[string, ...Rest], Result> {
    return async (id, ...rest) => {
      const project = listeners.size > 0 ? (await find(id))?.project : undefined
      const result = await act(id, ...rest)
      if (project !== undefined) tell(project, kind, id)
      return result
    }
  }

  function evaluated({ project, ruleId, alerts, goneAlerts, deliveries }: EvaluationCommit): void {
    tell(project, 'evaluations', ruleId)
    if (alerts.length + goneAlerts.length > 0) tell(project, 'alerts', ruleId)
    for (const { id } of deliveries) tell(project, 'deliveries', id)
  }

  const { rules, evaluations, runs, deliveries, inbox, connections, channels } = store
  const deliveryOf = async (id: string) => (await deliveries.get(id))?.delivery
  return {
    ...store,
    changes: {
      watch(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    rules: {
      ...rules,
      create: after(rules.create, ({ project, id }) => tell(project, 'rules', id)),
      update: after(rules.update, ({ project, id }) => tell(project, 'rules', id)),
      remove: byId('rules', rules.get, rules.remove),
    },
    evaluations: {
      ...evaluations,
      commit: after(evaluations.commit, evaluated),
    },
    runs: {
      ...runs,
      apply: after(runs.apply, (outcomes, project, arrived) => {
        for (const [index, { uid }] of arrived.entries()) if (outcomes[index] === 'applied') tell(project, 'runs', uid)
      }),
      commit: after(runs.commit, (outcome, { project, arrived, evaluations: made }) => {
        if (outcome !== 'applied') return
        tell(project, 'runs', arrived.uid)
        for (const commit of made) evaluated(commit)
      }),
    },
    deliveries: {
      ...deliveries,
      enqueue: after(deliveries.enqueue, (_, queued) => {
        for (const { project, id } of queued) tell(project, 'deliveries', id)
      }),
      recordLocal: after(deliveries.recordLocal, (added, reports) => {
        for (const [index, { delivery }] of reports.entries())
          if (added[index] === true) tell(delivery.project, 'deliveries', delivery.id)
      }),
      async turn(collect) {
        let finished: ReturnType<typeof collect>['finished'] = []
        const result = await deliveries.turn((now) => {
          const turn = collect(now)
          finished = turn.finished
          return turn
        })
        if (listeners.size === 0) return result
        for (const { delivery } of [...finished.map(({ claim }) => claim), ...result.claims])
          tell(delivery.project, 'deliveries', delivery.id)
        for (const { claim, next } of finished)
          if (next.state === 'delivered' && next.inbox !== undefined)
            tell(claim.delivery.project, 'inbox', claim.delivery.id)
        return result
      },
      retry: byId('deliveries', deliveryOf, deliveries.retry),
      discard: byId('deliveries', deliveryOf, deliveries.discard),
      retryAll: after(deliveries.retryAll, (_, { project }) => tell(project, 'deliveries', '*')),
      discardAll: after(deliveries.discardAll, (_, { project }) => tell(project, 'deliveries', '*')),
    },
    inbox: {
      ...inbox,
      mark: after(inbox.mark, (_, project, ids) => {
        for (const id of ids) tell(project, 'inbox', id)
      }),
      markAll: after(inbox.markAll, (_, project) => tell(project, 'inbox', '*')),
    },
    connections: {
      ...connections,
      create: after(connections.create, ({ project, id }) => tell(project, 'connections', id)),
      update: byId('connections', connections.get, connections.update),
      remove: byId('connections', connections.get, connections.remove),
      recordFailure: byId('connections', connections.get, connections.recordFailure),
      recordSuccess: byId('connections', connections.get, connections.recordSuccess),
    },
    channels: {
      ...channels,
      create: after(channels.create, ({ project, id }) => tell(project, 'channels', id)),
      update: byId('channels', channels.get, channels.update),
      remove: byId('channels', channels.get, channels.remove),
      disable: byId('channels', channels.get, channels.disable),
      enable: byId('channels', channels.get, channels.enable),
    },
  }
}
