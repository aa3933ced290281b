import { phases, type RouteDraft } from '../rule-draft.ts'
import { Field } from './form.tsx'

interface RouteFieldsProps {
  routes: readonly RouteDraft[]
  /** Names of the channels there are. */
  channels: readonly string[]
  set: (routes: readonly RouteDraft[]) => void
}

/** Whom a rule tells, and of what. */
export function RouteFields({ routes, channels, set }: RouteFieldsProps) {
  const change = (key: number, changes: Partial<RouteDraft>) =>
    set(routes.map((route) => (route.key === key ? { ...route, ...changes } : route)))
  const add = () => {
    const key = Math.max(0, ...routes.map((route) => route.key)) + 1
    set([...routes, { key, channel: channels[0] ?? '', when: [...phases], kept: {} }])
  }
  return (
    <>
      {channels.length === 0 ? (
        <p class="notice warn">
          There is no channel yet, so nobody would be told. <a href="/channels/new">Make a channel first</a>.
        </p>
      ) : null}
      {routes.map((route, index) => (
        <div class="row route" key={route.key}>
          <Field
            label={`Channel ${index + 1}`}
            path={`routes.${index}`}
            required
            value={route.channel}
            set={(channel) => change(route.key, { channel })}
            options={optionsOf(route, channels)}
          />
          <fieldset class="choice">
            <legend>Told when</legend>
            {phases.map((phase) => (
              <label key={phase}>
                <input
                  type="checkbox"
                  checked={route.when.includes(phase)}
                  onChange={({ currentTarget }) =>
                    change(route.key, {
                      when: phases.filter((one) => (one === phase ? currentTarget.checked : route.when.includes(one))),
                    })
                  }
                />
                {phase}
              </label>
            ))}
          </fieldset>
          <button type="button" onClick={() => set(routes.filter((one) => one.key !== route.key))}>
            Remove<span class="hidden"> channel {index + 1}</span>
          </button>
        </div>
      ))}
      {channels.length === 0 ? null : (
        <div class="actions">
          <button type="button" onClick={add}>
            {routes.length === 0 ? 'Tell somebody' : 'Tell another channel'}
          </button>
        </div>
      )}
    </>
  )
}

/** A route with settings of its own for its channel can stay as it is. */
function optionsOf({ kept, channel }: RouteDraft, channels: readonly string[]): (readonly [string, string])[] {
  const own = kept.channel
  const asItIs = typeof own === 'object' && own !== null ? [['', `${own.kind}, as it is`] as const] : []
  const unnamed = channel === '' && asItIs.length === 0 ? [['', 'none yet'] as const] : []
  const gone = channel !== '' && !channels.includes(channel) ? [[channel, `${channel} (gone)`] as const] : []
  return [...asItIs, ...unnamed, ...gone, ...channels.map((name) => [name, name] as const)]
}
